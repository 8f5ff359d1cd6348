//! Lexer and decoder: the messages of a stream do not depend on its chunks.

use qapi_core::wire::{Decoded, Decoder, to_vec};

/// One result of the decoder, in a form that can be compared.
#[derive(Debug, PartialEq)]
enum Found {
    Message(Vec<u8>),
    Error(String),
}

/// Decodes `input` whole, and in chunks of the size in its first byte.
///
/// # Panics
/// The results differ, or a message changes when it is written and read again.
pub fn run(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let whole = found(std::iter::once(rest));
    let chunked = found(rest.chunks(usize::from(first).max(1)));
    assert_eq!(whole, chunked, "in chunks of {first}");
    for one in whole {
        if let Found::Message(text) = one {
            // Numbers are stable from the second time: 1.0 becomes 1, and -0.0 becomes -0, then 0.
            let stable = again(again(text));
            assert_eq!(again(stable.clone()), stable, "written and read again");
        }
    }
}

/// Decodes and encodes the text of a message.
fn again(text: Vec<u8>) -> Vec<u8> {
    let line = [text, b"\n".to_vec()].concat();
    match found(std::iter::once(line.as_slice())).as_mut_slice() {
        [Found::Message(text)] => std::mem::take(text),
        other => panic!("read again as {other:?}"),
    }
}

fn found<'i>(chunks: impl Iterator<Item = &'i [u8]>) -> Vec<Found> {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    for mut chunk in chunks {
        while let Some(decoded) = decoder.decode(&mut chunk) {
            found.push(match decoded {
                Decoded::Message(document) => Found::Message(
                    to_vec(&document.root()).expect("any JSON value can be written"),
                ),
                Decoded::Error(error) => Found::Error(error.to_string()),
            });
        }
        assert!(chunk.is_empty(), "a decoder that needs more has consumed all");
    }
    found
}
