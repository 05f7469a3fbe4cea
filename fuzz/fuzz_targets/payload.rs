#![no_main]
//! Any bytes through `checks::payload`.

#[allow(dead_code)] // Every target uses one check.
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::payload(data));
