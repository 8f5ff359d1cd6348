//! Schema files, read with the decoder of the framework: they are texts of the same dialect, with
//! comments.

use qapi_core::registry::registered;
use qapi_core::schema::definition::Definition;
use qapi_core::schema::render::render;
use qapi_core::wire::{Decoded, Decoder};
use serde_json::Value;

/// The expressions of a schema file, each as JSON text, sorted.
pub(crate) fn expressions(file: &str) -> Vec<String> {
    let mut expressions: Vec<_> =
        expressions_in_order(file).iter().map(Value::to_string).collect();
    expressions.sort();
    expressions
}

/// The expressions of a schema file.
pub(crate) fn expressions_in_order(file: &str) -> Vec<Value> {
    let is_comment = |line: &&str| line.starts_with('#');
    let lines: Vec<_> = file.lines().filter(|line| !is_comment(line)).collect();
    let text = lines.join("\n");
    let (mut decoder, mut input) = (Decoder::new(), text.as_bytes());
    let mut expressions = Vec::new();
    while let Some(decoded) = decoder.decode(&mut input) {
        match decoded {
            Decoded::Message(document) => expressions.push(document.root().to_json()),
            Decoded::Error(error) => panic!("{error}"),
        }
    }
    expressions
}

/// The registered definitions that `of` selects, each as JSON text, sorted.
pub(crate) fn definitions(of: impl Fn(&Definition) -> bool) -> Vec<String> {
    let wanted = registered().map(|found| found.definition()).filter(|definition| of(definition));
    let mut expressions: Vec<_> =
        wanted.map(|definition| render(definition).to_string()).collect();
    expressions.sort();
    expressions
}
