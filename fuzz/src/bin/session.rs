//! Fuzzes `qapi_fuzz::session` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| qapi_fuzz::session::run(input));
