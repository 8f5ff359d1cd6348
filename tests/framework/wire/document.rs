//! Documents and the cursor that reads them.

use qapi_core::wire::{
    Document, JsonError, Kind, MAX_NESTING, Number, Value, to_vec, to_vec_pretty,
};
use serde_json::json;

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_new_document_is_null() {
    let mut document = Document::new();
    assert!(document.root().is_null());
    document = parse("[1]");
    document.clear();
    assert!(document.root().is_null());
    assert_eq!(document.root().elements().len(), 0);
}

#[test]
fn each_kind_has_its_accessor() {
    let document = parse("[null, true, 1, 'one', [], {}]");
    let kinds: Vec<Kind> = document.root().elements().map(Value::kind).collect();
    let every = [Kind::Null, Kind::Bool, Kind::Number, Kind::String, Kind::Array, Kind::Object];
    assert_eq!(kinds, every);
    for value in document.root().elements() {
        assert_eq!(value.is_null(), value.kind() == Kind::Null);
        assert_eq!(value.as_bool().is_some(), value.kind() == Kind::Bool);
        assert_eq!(value.number().is_some(), value.kind() == Kind::Number);
        assert_eq!(value.as_str().is_some(), value.kind() == Kind::String);
        assert!(value.is_empty());
        assert_eq!((value.elements().count(), value.entries().count()), (0, 0));
    }
}

#[test]
fn members_come_in_the_order_of_the_text() {
    let document = parse("{'b': {'x': [1, {'y': 2}]}, 'a': 3, '': 4}");
    let names: Vec<&str> = document.root().entries().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "a", ""]);
    assert_eq!(document.root().len(), 3);
    assert_eq!(document.root().get("a").and_then(Value::number), Some(Number::Int(3)));
    assert_eq!(document.root().get("").and_then(Value::number), Some(Number::Int(4)));
    assert!(document.root().get("x").is_none());
}

#[test]
fn elements_after_containers_are_found() {
    let document = parse("[[1, [2]], {'a': [3]}, 4]");
    let elements = document.root().elements();
    assert_eq!(elements.len(), 3);
    assert_eq!(elements.last().and_then(Value::number), Some(Number::Int(4)));
}

#[test]
fn strings_outlive_the_cursor() {
    let document = parse(r#"{"plain": "text", "escaped": "a\n\u00e9\ud83d\ude00"}"#);
    let string = |name| document.root().get(name).unwrap().as_str().unwrap();
    assert_eq!((string("plain"), string("escaped")), ("text", "a\né😀"));
}

#[test]
fn numbers_are_exact() {
    let cases = [
        ("0", Number::Int(0)),
        ("-0", Number::Int(0)),
        ("-9223372036854775808", Number::Int(i64::MIN)),
        ("9223372036854775807", Number::Int(i64::MAX)),
        ("9223372036854775808", Number::UInt(1 << 63)),
        ("18446744073709551615", Number::UInt(u64::MAX)),
        ("18446744073709551616", Number::Double(18_446_744_073_709_551_616.0)),
        ("-9223372036854775809", Number::Double(-9_223_372_036_854_775_809.0)),
        ("1.0", Number::Double(1.0)),
        ("1e3", Number::Double(1000.0)),
        ("-0.0", Number::Double(-0.0)),
        ("1e400", Number::Double(f64::MAX)),
        ("-1e400", Number::Double(f64::MIN)),
        ("1e-400", Number::Double(0.0)),
    ];
    for (text, number) in cases {
        assert_eq!(parse(text).root().number(), Some(number), "{text}");
    }
    let long = format!("1{}", "0".repeat(100_000));
    assert_eq!(parse(&long).root().number(), Some(Number::Double(f64::MAX)));
}

#[test]
fn trees_of_serde_json_are_converted_both_ways() {
    let tree = json!({"z": [null, true, -1, u64::MAX, 1.5, "é"], "a": {"b": {}, "c": []}});
    let document = Document::from_json(&tree).unwrap();
    assert_eq!(document.root().to_json(), tree);
    let names: Vec<&str> = document.root().entries().map(|(name, _)| name).collect();
    assert_eq!(names, ["z", "a"]);
    assert_eq!(format!("{document:?}"), tree.to_string());
}

#[test]
fn the_deepest_value_fits_a_small_stack() {
    let walk = || {
        let text = format!("{}{}", "[".repeat(MAX_NESTING), "]".repeat(MAX_NESTING));
        let document = parse(&text);
        assert_eq!(to_vec(&document.root()).unwrap(), text.as_bytes());
        assert!(to_vec_pretty(&document.root()).unwrap().ends_with(b"\r\n]"));
        let tree = document.root().to_json();
        assert_eq!(Document::from_json(&tree).unwrap().root().to_json(), tree);
        let deeper = json!([tree]);
        assert_eq!(Document::from_json(&deeper).unwrap_err(), JsonError::NestingLimit);
        assert_eq!(format!("{document:?}"), text);
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(walk).unwrap().join().unwrap();
}
