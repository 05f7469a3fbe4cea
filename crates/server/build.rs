//! The path of `libduckdb.so` in the program: the store's rule.

#[path = "../store/build.rs"]
mod store;

fn main() {
    store::main();
}
