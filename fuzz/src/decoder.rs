//! Lexer and decoder: what a stream means does not depend on how it is cut.

use qapi_core::wire::{Decoded, Decoder, to_vec};

/// One result of decoding, comparable.
#[derive(Debug, PartialEq)]
enum Found {
    Message(Vec<u8>),
    Error(String),
}

/// Decodes `input` whole, and in pieces whose size its first byte tells.
///
/// # Panics
/// The results differ, or a message cannot be written as it was read.
pub fn run(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let whole = found(std::iter::once(rest));
    let pieces = found(rest.chunks(usize::from(first).max(1)));
    assert_eq!(whole, pieces, "cut into pieces of {first}");
    for one in whole {
        if let Found::Message(text) = one {
            // A double without fraction is written as a whole number, -0.0 as -0 and that as 0.
            let settled = again(again(text));
            assert_eq!(again(settled.clone()), settled, "written and read again");
        }
    }
}

/// The text of a message, read and written again.
fn again(text: Vec<u8>) -> Vec<u8> {
    let line = [text, b"\n".to_vec()].concat();
    match found(std::iter::once(line.as_slice())).as_mut_slice() {
        [Found::Message(text)] => std::mem::take(text),
        other => panic!("read again as {other:?}"),
    }
}

fn found<'i>(pieces: impl Iterator<Item = &'i [u8]>) -> Vec<Found> {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    for mut piece in pieces {
        while let Some(decoded) = decoder.decode(&mut piece) {
            found.push(match decoded {
                Decoded::Message(document) => {
                    Found::Message(to_vec(&document.root(), false).expect("nothing can fail"))
                }
                Decoded::Error(error) => Found::Error(error.to_string()),
            });
        }
        assert!(piece.is_empty(), "a decoder that wants more has consumed all");
    }
    found
}
