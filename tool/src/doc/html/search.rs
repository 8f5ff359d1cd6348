//! The index of the search.

use serde_json::json;

use super::Context;
use crate::doc::manual::Definition;
use crate::doc::markup::{plain, summary};

/// The index as a script. A page loads it when its search is first used; a page from a file may
/// load scripts, but no data.
///
/// Each entry is an array: name, kind, address, summary, names of parts, full text.
pub(super) fn index(context: &Context) -> String {
    let all = context.manual.definitions.iter().enumerate();
    let entries: Vec<_> = all
        .map(|(index, definition)| {
            let parts = definition.parts.iter().map(|part| part.name.as_str());
            let parts = parts.chain(definition.branches.iter().map(|found| found.value.as_str()));
            json!([
                definition.name,
                definition.kind.as_str(),
                context.links.address(index),
                summary(&definition.text),
                parts.collect::<Vec<_>>().join(" "),
                full_text(definition),
            ])
        })
        .collect();
    format!("\"use strict\";\nsearchIndex({});\n", json!(entries))
}

fn full_text(definition: &Definition) -> String {
    let mut text = String::new();
    let own = [&definition.text, &definition.returns_text, &definition.errors];
    let features = definition.marks.features.iter().map(|feature| &feature.text);
    for found in own.into_iter().chain([&definition.examples]).chain(features) {
        plain(found, &mut text);
    }
    for part in &definition.parts {
        plain(&part.text, &mut text);
        part.marks.features.iter().for_each(|feature| plain(&feature.text, &mut text));
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
