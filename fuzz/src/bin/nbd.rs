//! Fuzzes `qapi_fuzz::nbd` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| qapi_fuzz::nbd::run(input));
