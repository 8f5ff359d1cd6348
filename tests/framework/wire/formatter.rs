//! JSON as QEMU writes it.

use std::collections::BTreeMap;

use qapi_core::wire::{Style, to_vec, to_vec_pretty, write_to};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

fn text<T: Serialize + ?Sized>(value: &T) -> String {
    String::from_utf8(to_vec(value).unwrap()).unwrap()
}

#[test]
fn doubles_have_up_to_seventeen_digits() {
    let cases = [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.10000000000000001"),
        (100.0, "100"),
        (123_456.789, "123456.789"),
        (1e16, "10000000000000000"),
        (1e17, "1e+17"),
        (1.5e17, "1.5e+17"),
        (99_999_999_999_999_999.0, "1e+17"),
        (18_446_744_073_709_551_616.0, "1.8446744073709552e+19"),
        (1e-4, "0.0001"),
        (1.25e-4, "0.000125"),
        (1e-5, "1.0000000000000001e-05"),
        (2.5e-5, "2.5000000000000001e-05"),
        (1e100, "1e+100"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (5e-324, "4.9406564584124654e-324"),
        (f64::INFINITY, "null"),
        (f64::NAN, "null"),
    ];
    for (value, wanted) in cases {
        assert_eq!(text(&value), wanted);
    }
    assert_eq!(text(&0.5_f32), "0.5");
}

#[test]
fn strings_are_ascii() {
    let cases = [
        ("plain /'", r#""plain /'""#),
        ("\"\\", r#""\"\\""#),
        ("\u{8}\u{C}\n\r\t", r#""\b\f\n\r\t""#),
        ("\0\u{1F}\u{7F}", r#""\u0000\u001F\u007F""#),
        ("é€", r#""\u00E9\u20AC""#),
        ("😀", r#""\uD83D\uDE00""#),
        ("a\u{80}b\u{10FFFD}c", r#""a\u0080b\uDBFF\uDFFDc""#),
        ("\u{FFFE}\u{FDD0}\u{1FFFF}", r#""\uFFFD\uFFFD\uFFFD""#),
    ];
    for (value, wanted) in cases {
        assert_eq!(text(value), wanted);
    }
}

#[test]
fn separators_are_followed_by_a_space() {
    assert_eq!(text(&json!({"a": [1, {}, []], "b": null})), r#"{"a": [1, {}, []], "b": null}"#);
}

#[test]
fn raw_fragments_are_ascii_too() {
    let raw = RawValue::from_string("{\"é\":[\"\u{7F}\"]}".to_owned()).unwrap();
    assert_eq!(text(&raw), r#"{"\u00E9":["\u007F"]}"#);
}

#[test]
fn pretty_texts_are_indented_as_on_a_pretty_monitor() {
    let value = json!({"return": [], "id": [{}, [1, {"a": "x"}], 2]});
    let pretty = String::from_utf8(to_vec_pretty(&value).unwrap()).unwrap();
    let wanted = r#"{
    "return": [
    ],
    "id": [
        {
        },
        [
            1,
            {
                "a": "x"
            }
        ],
        2
    ]
}"#;
    assert_eq!(pretty, wanted.replace('\n', "\r\n"));
}

#[test]
fn a_pretty_text_may_begin_at_any_depth() {
    let mut out = b"{\r\n    \"return\": ".to_vec();
    write_to(&mut out, &json!([1]), Style { pretty: true, depth: 1 }).unwrap();
    assert_eq!(out, b"{\r\n    \"return\": [\r\n        1\r\n    ]");
}

#[test]
fn a_value_that_fails_writes_nothing() {
    let mut out = b"before".to_vec();
    let value = [BTreeMap::from([(vec![1], 2)])];
    assert!(write_to(&mut out, &value, Style::default()).is_err());
    assert_eq!(out, b"before");
}
