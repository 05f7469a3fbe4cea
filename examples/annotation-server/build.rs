//! A build anew when the browser's logger was built anew, which the compiler would not see.

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts everything through the environment"
)]
fn main() {
    // The logger's directory has to be there, with or without a logger in it.
    std::fs::create_dir_all("../../clients/browser/dist").expect("the checkout can be written to");
    // Debug builds read it from the disk.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo:rerun-if-changed=../../clients/browser/dist");
    }
}
