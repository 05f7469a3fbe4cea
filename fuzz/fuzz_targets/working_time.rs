#![no_main]
//! Any bytes through `checks::working_time`.

#[allow(dead_code)] // Every target uses one check.
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::working_time(data));
