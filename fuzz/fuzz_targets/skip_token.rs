//! Skip tokens.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenure_testkit::thrown::skip_token(data));
