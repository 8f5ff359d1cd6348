//! Fuzzes `qapi_fuzz::decoder` with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| qapi_fuzz::decoder::run(input));
