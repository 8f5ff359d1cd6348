//! The fast path of the parser reads common texts that arrive whole. Its values and errors must
//! equal those of the same texts read byte by byte, also for texts that are nearly common.

use qapi_core::wire::{Decoded, Decoder};

/// The texts and errors of a stream.
fn found<'c>(chunks: impl Iterator<Item = &'c [u8]>) -> Vec<String> {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    for mut chunk in chunks {
        while let Some(decoded) = decoder.decode(&mut chunk) {
            found.push(match decoded {
                Decoded::Message(document) => format!("{document:?}"),
                Decoded::Error(error) => error.to_string(),
            });
        }
    }
    found
}

/// Checks one stream. Returns its number of texts and errors.
fn alike(stream: &str) -> usize {
    let whole = found(std::iter::once(stream.as_bytes()));
    assert_eq!(whole, found(stream.as_bytes().chunks(1)), "{stream}");
    whole.len()
}

#[test]
fn texts_next_to_common_ones() {
    let members = |count: usize| {
        let members: Vec<_> = (0..count).map(|number| format!("'m{number}': {number}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let levels = |count: usize| format!("{}{}", "{'a':".repeat(count), "}".repeat(count));
    let lists = |count: usize| format!("{{'a':{}1{}}}", "[".repeat(count), "]".repeat(count));
    let long = |length: usize| format!("{{'a': '{}'}}", "x".repeat(length));
    for count in 14..=18 {
        assert_eq!(alike(&members(count)), 1);
        let again = members(count).replace('}', ", 'm3': null}");
        assert_eq!(alike(&again), 1, "{again}");
    }
    for count in 29..=34 {
        assert_eq!(alike(&lists(count)), 1);
        assert_eq!(alike(&levels(count).replace(":}", ":{}}")), 1);
        alike(&levels(count));
    }
    for length in (0..40).chain((64 << 10) - 12..(64 << 10) + 4) {
        assert_eq!(alike(&long(length)), 1);
    }
}

/// Common values, and others with the same beginning.
const VALUES: &[&str] = &[
    "0",
    "-0",
    "00",
    "01",
    "-",
    "-01",
    "7",
    "-7",
    "1.5",
    "1e3",
    "0e3",
    "1.",
    "12a",
    "1'a'",
    "999999999999999999",
    "-999999999999999999",
    "1000000000000000000",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "true",
    "false",
    "null",
    "tru",
    "truer",
    "nul",
    "nulls",
    "fals",
    "false1",
    "True",
    "''",
    "\"\"",
    "'\"'",
    "\"'\"",
    "'\\n'",
    "'\\''",
    "'\u{e9}'",
    "'a\u{7f}b'",
    "'a\tb'",
    "'\u{1}'",
    "'12345678'",
    "'1234567\\u0041'",
    "'123456789\u{e9}'",
    "[]",
    "[ ]",
    "[1]",
    "[1, 2]",
    "[,]",
    "[1,]",
    "[1 2]",
    "{}",
    "{ }",
    "{,}",
    "{'a'}",
    "{'a':}",
    "{'a' 1}",
    "{'a': 1,}",
    "{1: 2}",
    "{'a': 1 'b': 2}",
    "#",
    "}",
    "]",
    ":",
    "{'a': 1, \"a\": 2}",
    "{'a': 1, 'b': {'a': 1}}",
    "{'a': {'b': 1, 'b': 2}}",
    "{'a': [{'b': 1}, {'b': 1}]}",
    "{'\\u0061': 1, 'a': 2}",
    "{'a': 1, '\\u0061': 2}",
];

#[test]
fn common_and_nearly_common_values() {
    for value in VALUES {
        for text in [
            format!("{{'id': {value}}}\n{{'next': true}}"),
            format!("\r\n\t {{\"id\" :{value} , 'more':{value}}}{{'next':true}} "),
            format!("{{'id':[{value},{value} ]}}[{value}] {value} {{}}"),
            // The form of most requests, and forms next to it.
            format!(r#" {{"execute":"a","arguments":{{"b":{value}}},"id":{value}}} {{}} {{}}"#),
            format!(r#"{{"execute": "a", "arguments": {value}, "id": 1}} {{}} {{}}"#),
            format!(r#"{{"execute": {value}, "id": 1, "arguments": {{}}}} {{}} {{}}"#),
            format!(r#"{{"execute":"a","id":1,"id":{value}}} {{}} {{}}"#),
        ] {
            assert!(alike(&text) >= 2, "{text}");
        }
    }
}

#[test]
fn a_text_may_be_cut_anywhere() {
    let text = b"{'a': [1, {'b': 'c'}], 'd': -12, 'e': null}{'f': \"g\"} {}";
    for cut in 0..text.len() {
        let (first, second) = text.split_at(cut);
        assert_eq!(found([first, second].into_iter()).len(), 3, "cut at {cut}");
    }
}
