//! Allocations of decoding and writing.

use allocation_counter::measure;
use qapi_core::wire::{
    Decoded, Decoder, MAX_TOKEN_COUNT, MAX_TOKEN_SIZE, Style, Value, write_to,
};

const COMMON: &[u8] = br#"{"execute": "job-pause", "arguments": {"id": "job0"}, "id": 12}"#;

/// Feeds a text in chunks of 64 KiB, cut at arbitrary bytes.
fn feed(decoder: &mut Decoder, bytes: &[u8]) -> usize {
    let mut found = 0;
    for mut chunk in bytes.chunks(64 << 10) {
        while decoder.decode(&mut chunk).is_some() {
            found += 1;
        }
    }
    found
}

#[test]
fn a_common_message_allocates_nothing_after_another() {
    let mut decoder = Decoder::new();
    let mut reply = Vec::with_capacity(256);
    let mut turn = || {
        let mut input = COMMON;
        let Some(Decoded::Message(document)) = decoder.decode(&mut input) else { panic!() };
        let request = document.root();
        let id = request.get("arguments").and_then(|arguments| arguments.get("id"));
        assert_eq!(id.and_then(Value::as_str), Some("job0"));
        reply.clear();
        write_to(&mut reply, &request, Style::default()).unwrap();
        assert_eq!(reply, COMMON);
        assert!(decoder.decode(&mut input).is_none());
    };
    turn();
    assert_eq!(measure(turn).count_total, 0);
}

/// The text that allocates most: half of its tokens are nodes, and all its bytes are one string.
fn largest() -> Vec<u8> {
    let numbers = "1,".repeat(MAX_TOKEN_COUNT / 2 - 4);
    let string = "a".repeat(MAX_TOKEN_SIZE - numbers.len() - 10);
    format!("[{numbers}'{string}']").into_bytes()
}

#[test]
fn the_largest_text_stays_within_the_stated_bound() {
    let text = largest();
    let mut decoder = Decoder::new();
    let cost = measure(|| assert_eq!(feed(&mut decoder, &text), 1));
    assert!(cost.bytes_max < 400 << 20, "{cost:?}");
}

#[test]
fn the_memory_of_a_large_text_is_freed() {
    /// Several buffers, each of which may retain 64 KiB.
    const RETAINED: i64 = 512 << 10;
    let members: Vec<String> = (0..100_000).map(|name| format!("'{name}':[[]]")).collect();
    let large = format!("{{{}}}", members.join(","));
    let wrong = format!("[{},]", large.as_str());
    let open = format!("[[{large},'{}", "a".repeat(1 << 20));
    for text in [large.as_bytes(), wrong.as_bytes(), &[open.as_bytes(), b"\xFF"].concat()] {
        let mut decoder = Decoder::new();
        let cost = measure(|| {
            assert_eq!(feed(&mut decoder, text), 1);
            assert!(decoder.decode(&mut COMMON.split_at(1).0).is_none());
        });
        assert!(cost.bytes_max > 1 << 20, "{cost:?}");
        assert!(cost.bytes_current < RETAINED, "{cost:?}");
    }
}
