//! Fuzzes `qapi_fuzz::parser` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| qapi_fuzz::parser::run(input));
