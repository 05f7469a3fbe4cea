#![no_main]
//! Any bytes through `checks::client_request`.

#[allow(dead_code)] // Every target uses one check.
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::client_request(data));
