//! Where a program that uses the store looks for `libduckdb.so` when it starts: beside itself
//! first, then where `make` put the library. With the feature `bundled` nothing is looked for.
//!
//! A link argument reaches only the targets of the package whose build script prints it (here the
//! store's tests), so the server and the benchmarks include this file as theirs.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts everything through the environment"
)]

/// Prints the link arguments.
pub fn main() {
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("unix") {
        return; // an rpath is a matter of ELF and Mach-O
    }
    let beside = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "@loader_path",
        _ => "$ORIGIN",
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{beside}");
    if let Ok(dir) = std::env::var("DUCKDB_LIB_DIR") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{dir}");
    }
}
