//! Schemas at the limits, and large ones in bounded time.

use std::fmt::Write;
use std::io::{self, Read};
use std::path::Path;

use qapi_schema::Schema;
use qapi_schema::limits::{
    MAX_CONTAINED, MAX_DEFINITIONS, MAX_ELEMENTS, MAX_FILE, MAX_FILES, MAX_INCLUDE_DEPTH,
    MAX_NESTING,
};

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

/// The errors of a schema whose files have these texts by path.
fn messages_of(first: &str, text: impl Fn(&Path) -> String) -> Vec<String> {
    let schema = Schema::read_with(first, |path| Ok(text(path)));
    schema.findings().iter().map(|found| found.message.clone()).collect()
}

#[test]
fn large_files_are_limited() {
    let read = |size: u64| qapi_schema::read_from(io::repeat(b' ').take(size));
    let text = read(MAX_FILE).unwrap();
    assert_eq!(messages(text), [""; 0]);
    let error = read(MAX_FILE + 1).unwrap_err();
    assert_eq!(error.to_string(), "the file is larger than 64 MiB");
    let schema = Schema::read_with("a.json", |_| read(MAX_FILE + 1));
    let message = "can't read schema file `a.json`: the file is larger than 64 MiB";
    assert_eq!(schema.findings()[0].message, message);
    assert_eq!(read_error(b"\xff"), "the file is not UTF-8");
}

fn read_error(bytes: &[u8]) -> String {
    qapi_schema::read_from(bytes).unwrap_err().to_string()
}

#[test]
fn includes_are_limited() {
    let number = |path: &Path| -> usize { path.to_str().unwrap().parse().unwrap() };
    let include = |name: usize| format!("{{ 'include': '{name}' }}\n");
    // Each file includes the next one.
    let chain = |last: usize| {
        messages_of("0", |path| match number(path) {
            index if index < last => include(index + 1),
            _ => String::new(),
        })
    };
    assert_eq!(chain(MAX_INCLUDE_DEPTH), [""; 0]);
    assert_eq!(chain(MAX_INCLUDE_DEPTH + 1), ["more than 64 files include each other"]);
    // Each file includes the first one, which is a circle.
    assert_eq!(messages_of("0", |_| include(0)), ["inclusion loop for `0`"]);
    let circle = messages_of("0", |path| include((number(path) + 1) % 3));
    assert_eq!(circle, ["inclusion loop for `0`"]);
    let many = |path: &Path| match number(path) {
        0 => (1..=MAX_FILES).map(include).collect(),
        _ => String::new(),
    };
    assert_eq!(messages_of("0", many), [""; 0]);
    let too_many = |path: &Path| match number(path) {
        0 => (1..=MAX_FILES + 1).map(include).collect(),
        _ => String::new(),
    };
    assert_eq!(messages_of("0", too_many), ["the schema has more than 10000 files"]);
}
