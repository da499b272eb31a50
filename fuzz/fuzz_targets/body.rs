//! JSON bodies, as every command of every version.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenure_testkit::thrown::body(data));
