//! The generated files are those of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use qapi_schema::Schema;
use qapi_schema::generate::json_schema::json_schema;
use qapi_schema::generate::python::python;
use qapi_schema::generate::rust::{Purpose, rust};
use qapi_schema::generate::typescript::typescript;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/generate")
}

/// The schema of the tests.
pub(super) fn lamp() -> Schema {
    let schema = Schema::read(folder().join("lamp.json"));
    assert_eq!(schema.findings(), []);
    schema
}

/// The file of this name has this text.
fn matches(name: &str, generated: Result<String, String>) {
    let path = folder().join(name);
    let generated = generated.unwrap();
    if std::env::var_os("QAPI_BLESS").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), generated, "{name}");
}

#[test]
fn rust_files_are_generated_from_the_schema() {
    matches("client.rs", rust(&lamp(), Purpose::Client));
    matches("server.rs", rust(&lamp(), Purpose::Server));
}

#[test]
fn files_in_other_languages_are_generated_from_the_schema() {
    matches("expected/lamp.py", python(&lamp()));
    matches("expected/lamp.ts", typescript(&lamp()));
    matches("expected/lamp.json", json_schema(&lamp()));
}

#[test]
fn a_json_schema_is_json() {
    let text = json_schema(&lamp()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let definitions = value["$defs"].as_object().unwrap();
    // A command has one for what it returns too.
    assert_eq!(definitions.len(), lamp().definitions().len() + 6);
    assert_eq!(definitions["lamp-count.returns"]["type"], "integer");
}

#[test]
fn a_schema_without_a_meaning_in_other_languages_is_refused() {
    for (text, expected) in [
        ("{ 'struct': 'Ab', 'data': { 'a': 'Bc' } }", "the schema has errors"),
        (
            "{ 'struct': 'Ab', 'data': { 'a': 'QType' } }",
            "`Ab` uses `QType`, a type that exists only in C",
        ),
    ] {
        let schema = Schema::from_text("case.json", text);
        for purpose in [Purpose::Client, Purpose::Server] {
            assert_eq!(rust(&schema, purpose), Err(expected.to_owned()));
        }
        for generate in [python, typescript, json_schema] {
            assert_eq!(generate(&schema), Err(expected.to_owned()));
        }
    }
}

/// A chain of members in a circle is found without recursion.
#[test]
fn long_circles_of_types_are_boxed() {
    const LENGTH: usize = 20_000;
    let types = (0..LENGTH).map(|number| {
        let next = (number + 1) % LENGTH;
        format!("{{ 'struct': 'T{number}x', 'data': {{ '*a': 'T{next}x' }} }}\n")
    });
    let schema = Schema::from_text("case.json", types.collect::<String>());
    let text = rust(&schema, Purpose::Client).unwrap();
    assert_eq!(text.matches("pub a: Option<Box<").count(), LENGTH);
}
