//! Help about commands, from the schema of the server.

use std::fmt::Write;

use qapi_core::introspection::info::{SchemaInfoKind, SchemaInfoObject, SchemaInfoObjectMember};
use serde_json::Value;

use super::input::OWN;
use crate::arguments::article;
use crate::printable::printable;
use crate::schema::Schema;

/// The most values of an enum that a description lists.
const MAX_VALUES: usize = 8;

/// Help about the shell.
pub(super) fn overview(schema: Option<&Schema>) -> String {
    let mut text = String::from(
        "COMMAND KEY=VALUE NESTED.KEY=VALUE LIST.0=VALUE KEY:=JSON, or a request in JSON;\n\
         Tab completes commands, arguments, values and ids.\n",
    );
    for (name, purpose) in OWN {
        let _ = writeln!(text, "  {name:<14}{purpose}");
    }
    let count = schema.map_or(0, |schema| schema.commands().count());
    let _ = write!(text, "The server has {count} commands in its schema.");
    text
}

/// Help about a command: its arguments, and its documentation if the server has it.
pub(super) fn command(schema: &Schema, name: &str, documentation: Option<&Value>) -> String {
    let Some(command) = schema.command(name) else {
        return format!("the server has no command `{name}`");
    };
    let mut text = name.to_owned();
    if let Some(doc) = documentation.and_then(|entry| entry.get("doc")?.as_str()) {
        let _ = write!(text, ": {}", plain(doc));
    }
    let Some(object) = schema.object(&command.arg_type) else { return text };
    add_members(&mut text, schema, object, documentation, "  ");
    for variant in object.variants.iter().flatten() {
        if let Some(added) =
            schema.object(&variant.variant_type).filter(|added| !added.members.is_empty())
        {
            let tag = object.tag.as_deref().unwrap_or_default();
            let _ = write!(text, "\n  with {tag}={}:", variant.case);
            add_members(&mut text, schema, added, None, "    ");
        }
    }
    let _ = write!(text, "\n  returns {}", describe(schema, &command.ret_type));
    text
}

fn add_members(
    text: &mut String,
    schema: &Schema,
    object: &SchemaInfoObject,
    documentation: Option<&Value>,
    indent: &str,
) {
    for member in &object.members {
        let _ = write!(text, "\n{indent}{}", summary(schema, member));
        let parts = documentation.and_then(|entry| entry.get("members")?.as_array());
        let part = parts.and_then(|parts| {
            parts
                .iter()
                .find(|part| part.get("name").and_then(Value::as_str) == Some(&member.name))
        });
        let doc = part.and_then(|part| part.get("doc")?.as_str());
        if let Some(doc) = doc.filter(|doc| !doc.is_empty()) {
            let _ = write!(text, "\n{indent}    {}", plain(doc));
        }
    }
}

/// A member in one line: its name, its type and its features.
pub(super) fn summary(schema: &Schema, member: &SchemaInfoObjectMember) -> String {
    let optional = if member.default.is_some() { ", optional" } else { "" };
    let features: String =
        member.features.iter().flatten().map(|feature| format!(", {feature}")).collect();
    let kind = describe(schema, &member.member_type);
    format!("{}: {kind}{optional}{features}", member.name)
}

/// A type in a few words.
pub(super) fn describe(schema: &Schema, type_name: &str) -> String {
    match schema.kind(type_name) {
        Some(SchemaInfoKind::Builtin(builtin)) => article(builtin.json_type).to_owned(),
        Some(SchemaInfoKind::Enum(values)) => {
            let shown = values.values.iter().take(MAX_VALUES).cloned().collect::<Vec<_>>();
            let more = if values.values.len() > MAX_VALUES { "|…" } else { "" };
            format!("{}{more}", shown.join("|"))
        }
        Some(SchemaInfoKind::Array(array)) => {
            let element = schema.kind(&array.element_type);
            match element {
                // A list of lists has no bound.
                Some(SchemaInfoKind::Builtin(_) | SchemaInfoKind::Enum(_)) => {
                    format!("a list of {}", describe(schema, &array.element_type))
                }
                _ => "a list of objects".to_owned(),
            }
        }
        Some(SchemaInfoKind::Object(object)) if object.members.is_empty() => "nothing".to_owned(),
        Some(SchemaInfoKind::Object(_)) => "an object".to_owned(),
        Some(SchemaInfoKind::Alternate(_)) => "one of several types".to_owned(),
        Some(SchemaInfoKind::Command(_) | SchemaInfoKind::Event(_)) | None => {
            "unknown".to_owned()
        }
    }
}

/// Documentation of a server, for a terminal.
fn plain(doc: &str) -> String {
    printable(doc).trim().to_owned()
}
