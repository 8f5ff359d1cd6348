//! One whole text, as on the command line of a daemon.

use qapi_core::wire::{Document, JsonError};

#[test]
fn one_text_is_expected() {
    let cases: &[(&str, &str)] = &[
        ("", "Expecting a JSON value"),
        (" \n\t\r ", "Expecting a JSON value"),
        ("{} {}", "Expecting at most one JSON value"),
        ("{} !", "Expecting at most one JSON value"),
        ("{} \"x", "Expecting at most one JSON value"),
        ("{} 12", "Expecting at most one JSON value"),
        ("{}}", "Expecting at most one JSON value"),
        ("{", "JSON parse error, premature EOI"),
        ("{\"a\"", "JSON parse error, premature EOI"),
        ("{\"a\":", "JSON parse error, premature EOI"),
        ("{\"a\":1", "JSON parse error, premature EOI"),
        ("{\"a\":1,", "JSON parse error, premature EOI"),
        ("{\"a\":[", "JSON parse error, premature EOI"),
        ("{,", "JSON parse error, expecting value"),
        ("{\"a\":tru", "JSON parse error, invalid keyword 'tru'"),
        ("{\"a\":!", "JSON parse error, stray '!'"),
        ("{\"a", "JSON parse error, stray '\"a'"),
        ("-", "JSON parse error, stray '-'"),
        ("1.", "JSON parse error, stray '1.'"),
        ("1e+", "JSON parse error, stray '1e+'"),
        ("'\\", "JSON parse error, stray ''\\'"),
        ("! {}", "JSON parse error, stray '!'"),
        ("{'a': 1, 'a': 2,, }", "JSON parse error, duplicate key"),
        ("{'a': 1, 'a': [,]}", "JSON parse error, expecting value"),
        ("{[1]: 2}", "JSON parse error, key is not a string in object"),
        ("{1: 2}", "JSON parse error, key is not a string in object"),
        ("{'a' 1}", "JSON parse error, missing : in object pair"),
        ("{'a': 1 'b': 2}", "JSON parse error, expected separator in dict"),
        ("[1 2]", "JSON parse error, expected separator in list"),
    ];
    for (text, desc) in cases {
        let error = Document::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), *desc, "{text}");
    }
}

#[test]
fn a_long_word_is_cut_at_the_size_of_qemus_buffer() {
    let desc = |letters| Document::parse(&b"x".repeat(letters)).unwrap_err().to_string();
    let shown = |letters| format!("JSON parse error, invalid keyword '{}", "x".repeat(letters));
    assert_eq!(desc(1005), shown(1005) + "'");
    assert_eq!(desc(1006), shown(1006));
    assert_eq!(desc(5000), shown(1006));
}

#[test]
fn a_bare_value_needs_no_byte_after_it() {
    for text in ["12", "1.5", "1e5", "null", "true", "'a'", " [ ] "] {
        assert!(Document::parse(text.as_bytes()).is_ok(), "{text}");
    }
}

#[test]
fn repeated_names_are_found_in_objects_of_any_size() {
    for count in [2, 15, 16, 17, 18, 40, 1000] {
        let members = |last: usize| {
            let names = (1..count).chain([last]);
            let members: Vec<String> =
                names.map(|name| format!("'{name}': {{'1': 0}}")).collect();
            format!("{{{}}}", members.join(", "))
        };
        assert!(Document::parse(members(count).as_bytes()).is_ok(), "{count}");
        for repeated in [1, count / 2 + 1, count - 1] {
            let verdict = Document::parse(members(repeated.min(count - 1)).as_bytes());
            assert_eq!(verdict.unwrap_err(), JsonError::DuplicateKey, "{repeated} of {count}");
        }
    }
}

#[test]
fn objects_within_objects_have_names_of_their_own() {
    let members = |value: &str| {
        let members: Vec<String> = (0..30).map(|name| format!("'{name}': {value}")).collect();
        format!("{{{}}}", members.join(", "))
    };
    assert!(Document::parse(members(&members("1")).as_bytes()).is_ok());
}
