//! Fuzzes `qapi_fuzz::visitor` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| qapi_fuzz::visitor::run(input));
