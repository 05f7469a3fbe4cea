//! The path of `libduckdb.so` in the program: the store's rule. And a build anew when the page was
//! built anew, which the compiler would not see.

#[path = "../store-duckdb/build.rs"]
mod store;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts everything through the environment"
)]
fn main() {
    store::main();
    // The page's directory has to be there, with or without a page in it.
    std::fs::create_dir_all("../../web/dist").expect("the checkout can be written to");
    // Debug builds read the page from the disk.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo:rerun-if-changed=../../web/dist");
    }
}
