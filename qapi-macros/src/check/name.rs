//! The rules on names (QAPI code generation, "Naming rules and reserved names").

use crate::errors::Errors;
use crate::model::Name;
use crate::names::{c_name, dashed_from_camel, is_camel, is_dashed, is_upper, stem};

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    Type,
    Command,
    Event,
    Member,
    Value,
    Alternative,
    Feature,
}

/// The types that the language brings along, and the one that the generator adds.
const BUILTIN_TYPES: [&str; 16] = [
    "str", "number", "int", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "size", "bool", "null", "any", "QType",
];

/// All rules on names.
pub(crate) fn check_name(name: &Name, kind: NameKind, errors: &Errors) {
    let Name { text, span, exception: _ } = name;
    // A value may start with a digit: judge it as if a letter stood before it.
    let judged = match kind {
        NameKind::Value if text.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("d{text}")
        }
        NameKind::Type
        | NameKind::Command
        | NameKind::Event
        | NameKind::Member
        | NameKind::Value
        | NameKind::Alternative
        | NameKind::Feature => text.clone(),
    };
    let Some(stem) = stem(&judged) else {
        errors.at_span(*span, form_message(text));
        return;
    };
    check_convention(name, stem, kind, errors);
    check_reserved(name, kind, errors);
    check_exception(name, stem, kind, errors);
}

/// Letters, digits, `-` and `_`, a letter first.
fn form_message(text: &str) -> String {
    format!(
        "`{text}`: not a QAPI name; write letters, digits, `-` and `_`, a letter first (a vendor \
         puts `__` and its domain before it: `__org.example_name`)"
    )
}

/// Commands and members are lower case, events upper case, types CamelCase.
fn check_convention(name: &Name, stem: &str, kind: NameKind, errors: &Errors) {
    let Name { text, span, exception } = name;
    if follows_convention(stem, kind) || exception.is_some() && may_be_excepted(stem, kind) {
        return;
    }
    let advice = match kind {
        NameKind::Type => "a type's name is CamelCase; write it so".to_owned(),
        NameKind::Event => {
            let upper = text.to_uppercase().replace('-', "_");
            format!("an event's name is upper case with `_`; write `{upper}`")
        }
        NameKind::Command | NameKind::Member | NameKind::Value | NameKind::Alternative => {
            // What a vendor puts before the name stays as it is.
            let vendor = text.strip_suffix(stem).unwrap_or_default();
            let dashed = dashed_from_camel(&stem.replace('-', "_"));
            let exception = if may_be_excepted(stem, kind) {
                ", or add `name_exception` if clients know it as it is"
            } else {
                ""
            };
            format!("the name is lower case with `-`; write `{vendor}{dashed}`{exception}")
        }
        NameKind::Feature => return,
    };
    errors.at_span(*span, format!("`{text}`: {advice}"));
}

/// By exception members and values may be written in any way, commands with underscores only.
/// Nobody ever sees the names of alternatives.
fn may_be_excepted(stem: &str, kind: NameKind) -> bool {
    match kind {
        NameKind::Command => is_dashed(&stem.replace('_', "-")),
        NameKind::Member | NameKind::Value => true,
        NameKind::Type | NameKind::Event | NameKind::Alternative | NameKind::Feature => false,
    }
}

fn follows_convention(stem: &str, kind: NameKind) -> bool {
    match kind {
        NameKind::Type => is_camel(stem),
        NameKind::Event => is_upper(stem),
        NameKind::Command | NameKind::Member | NameKind::Value | NameKind::Alternative => {
            is_dashed(stem)
        }
        NameKind::Feature => true,
    }
}

/// Some names are kept for the generator.
fn check_reserved(name: &Name, kind: NameKind, errors: &Errors) {
    let Name { text, span, exception: _ } = name;
    let in_c = c_name(text);
    let why = if in_c.starts_with("q_") {
        "names that start with `q_` or `q-` are reserved"
    } else if kind == NameKind::Type && text.ends_with("List") {
        "names of types that end in `List` are reserved for lists"
    } else if kind == NameKind::Member && (in_c == "u" || in_c.starts_with("has_")) {
        "the member names `u` and `has-…` are reserved"
    } else if is_definition(kind) && BUILTIN_TYPES.contains(&text.as_str()) {
        "the schema language has a type of this name"
    } else {
        return;
    };
    errors.at_span(*span, format!("`{text}`: {why}; choose another name"));
}

fn is_definition(kind: NameKind) -> bool {
    match kind {
        NameKind::Type | NameKind::Command | NameKind::Event => true,
        NameKind::Member | NameKind::Value | NameKind::Alternative | NameKind::Feature => false,
    }
}

/// An exemption from the convention is needed.
fn check_exception(name: &Name, stem: &str, kind: NameKind, errors: &Errors) {
    let Some(word) = name.exception else { return };
    if follows_convention(stem, kind) {
        let message = format!(
            "`name_exception`: the name `{}` follows the convention; leave the word out",
            name.text
        );
        errors.at_span(word, message);
    }
}
