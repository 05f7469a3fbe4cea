//! The path of `libduckdb.so` in the benchmarks: the store's rule.

#[path = "../crates/store-duckdb/build.rs"]
mod store;

fn main() {
    store::main();
}
