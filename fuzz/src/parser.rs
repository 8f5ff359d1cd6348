//! Parser: accepts the same texts as a simple reference, with the same values.

use qapi_core::wire::{Decoded, Decoder};
use serde_json::Value;

use crate::reference;

/// Parses `input` as one text by the parser and by the reference.
///
/// # Panics
/// Only one accepts the text, or the values differ.
pub fn run(input: &[u8]) {
    assert_eq!(parse(input), reference::parse(input), "{:?}", String::from_utf8_lossy(input));
}

/// The value, if `input` is one object or list with white space around it.
fn parse(input: &[u8]) -> Option<Value> {
    let mut decoder = Decoder::new();
    let mut rest = input;
    let value = match decoder.decode(&mut rest)? {
        Decoded::Message(document) => document.root().to_json(),
        Decoded::Error(_) => return None,
    };
    // Only white space may follow. The decoder alone would start another text.
    let blank = rest.iter().all(|byte| b" \t\r\n".contains(byte));
    (blank && (value.is_object() || value.is_array())).then_some(value)
}
