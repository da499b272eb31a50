//! Filters: parsed, checked, evaluated, and made into statements.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenure_testkit::thrown::filter(data));
