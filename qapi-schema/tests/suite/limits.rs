//! Schemas at the limits, and large ones in bounded time.

use std::fmt::Write;

use qapi_schema::Schema;
use qapi_schema::limits::{MAX_CONTAINED, MAX_DEFINITIONS, MAX_ELEMENTS, MAX_NESTING};

fn messages(text: String) -> Vec<String> {
    let schema = Schema::from_text("case.json", text);
    schema.findings().iter().map(|found| found.message.clone()).collect()
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{ 'command': 'a', 'data': {open}{close} }}")
    };
    assert_eq!(messages(nested(MAX_NESTING)), ["`data` should be an object or type name"]);
    let beyond = messages(nested(MAX_NESTING + 1));
    assert_eq!(beyond, ["more than 64 objects and arrays contain each other"]);
    assert_eq!(messages("{ 'a': [".repeat(1_000_000)).len(), 1);
}

#[test]
fn elements_are_limited() {
    let many = |count: usize| {
        let names: Vec<_> = (0..count).map(|index| format!("'v{index}'")).collect();
        format!("{{ 'enum': 'Ab', 'data': [{}] }}", names.join(", "))
    };
    assert_eq!(messages(many(MAX_ELEMENTS)), [""; 0]);
    let beyond = messages(many(MAX_ELEMENTS + 1));
    assert_eq!(beyond, ["an object or array has more than 4096 elements"]);
    let docs = "# @x:\n".repeat(MAX_ELEMENTS + 1);
    let beyond = messages(format!("##\n# @a:\n{docs}##\n{{ 'command': 'a' }}\n"));
    assert_eq!(beyond, ["the block has more than 4096 parts"]);
}

#[test]
fn chains_of_bases_are_limited() {
    let chain = |length: usize| {
        let mut text = "{ 'struct': 'T0x', 'data': {} }\n".to_owned();
        for index in 1..length {
            let base = index - 1;
            writeln!(text, "{{ 'struct': 'T{index}x', 'base': 'T{base}x', 'data': {{}} }}")
                .unwrap();
        }
        text
    };
    assert_eq!(messages(chain(MAX_CONTAINED)), [""; 0]);
    let beyond = messages(chain(MAX_CONTAINED + 1));
    assert_eq!(beyond, ["a chain of more than 100 types contain each other"]);
}

#[test]
fn definitions_are_limited() {
    let many = |count: usize| {
        let line = |index| format!("{{ 'command': 'c{index}', 'data': {{ 'a': 'int' }} }}\n");
        (0..count).map(line).collect::<String>()
    };
    assert_eq!(messages(many(10_000)), [""; 0]);
    let beyond = messages(many(MAX_DEFINITIONS + 1));
    assert_eq!(beyond, ["the schema has more than 20000 definitions"]);
}
