//! Parser: takes the texts that a simple reference takes, and reads the same in them.

use qapi_core::wire::{Decoded, Decoder};
use serde_json::Value;

use crate::reference;

/// Reads `input` as one text, both ways.
///
/// # Panics
/// One way takes it and the other does not, or they read different values.
pub fn run(input: &[u8]) {
    assert_eq!(ours(input), reference::parse(input), "{:?}", String::from_utf8_lossy(input));
}

/// The value, if all of `input` is one object or list with white space around.
fn ours(input: &[u8]) -> Option<Value> {
    let mut decoder = Decoder::new();
    let mut rest = input;
    let value = match decoder.decode(&mut rest)? {
        Decoded::Message(document) => document.root().to_json(),
        Decoded::Error(_) => return None,
    };
    // What follows must be white space: a decoder that is given more would say something else.
    let blank = rest.iter().all(|byte| b" \t\r\n".contains(byte));
    (blank && (value.is_object() || value.is_array())).then_some(value)
}
