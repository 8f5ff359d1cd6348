//! Feeds a decoder chunks of any size. Answers depend on bytes alone.

use qapi_core::wire::{Decoded, Decoder, Document, Kind, to_vec};
use serde_json::json;

/// The answer of a server to one text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// This line: an error about JSON, or the reply to a plain `query-jobs`.
    Line(Vec<u8>),
    /// A reply that depends on more than the bytes.
    Reply,
}

/// The answers to a stream of bytes in the given chunks.
pub(super) fn answers<'c>(chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<Answer> {
    let mut decoder = Decoder::new();
    let mut answers = Vec::new();
    for mut chunk in chunks {
        while let Some(decoded) = decoder.decode(&mut chunk) {
            answers.push(match decoded {
                Decoded::Error(error) => refusal(&error.to_string()),
                Decoded::Message(document) => reply(document),
            });
        }
        assert!(chunk.is_empty(), "a decoder that wants more has consumed all");
    }
    answers
}

fn reply(document: &Document) -> Answer {
    let request = document.root();
    if request.kind() != Kind::Object {
        return refusal("QMP input must be a JSON object");
    }
    let known = |name| matches!(name, "execute" | "id");
    let plain = request.entries().all(|(name, _)| known(name));
    match request.get("execute").and_then(|value| value.as_str()) {
        Some("query-jobs") if plain => {}
        _ => return Answer::Reply,
    }
    let mut line = b"{\"return\": []".to_vec();
    if let Some(id) = request.get("id") {
        line.extend_from_slice(b", \"id\": ");
        line.extend_from_slice(&to_vec(&id).unwrap());
    }
    line.extend_from_slice(b"}\r\n");
    Answer::Line(line)
}

fn refusal(desc: &str) -> Answer {
    let error = json!({"error": {"class": "GenericError", "desc": desc}});
    let mut line = to_vec(&error).unwrap();
    line.extend_from_slice(b"\r\n");
    Answer::Line(line)
}

/// Cuts bytes at pseudo-random places, the same in each run.
pub(super) fn random_chunks(bytes: &[u8], seed: u64) -> Vec<&[u8]> {
    let mut state = seed;
    let mut rest = bytes;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        // Knuth's MMIX generator; its upper bits are the random ones.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let longest = if state >> 62 == 0 { 4096 } else { 16 };
        let (chunk, more) = rest.split_at((state >> 33) as usize % longest.min(rest.len()) + 1);
        chunks.push(chunk);
        rest = more;
    }
    chunks
}
