//! Rules for names (QEMU's "How to use the QAPI code generator", section "Naming rules and
//! reserved names").

use crate::errors::Errors;
use crate::model::Name;
use crate::names::{
    c_name, camel_from_any, dashed_from_camel, is_camel, is_dashed, is_upper, stem,
};

/// The kinds of names, each with its own convention.
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

/// The built-in types of the schema language, and `QType`, which the generator adds.
const BUILTIN_TYPES: [&str; 16] = [
    "str", "number", "int", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "size", "bool", "null", "any", "QType",
];

/// All rules for names.
pub(crate) fn check_name(name: &Name, kind: NameKind, errors: &Errors) {
    // A value may begin with a digit. A letter before the digit makes it a name for `check_form`.
    let prefixed = match kind {
        NameKind::Value if name.text.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("d{}", name.text)
        }
        NameKind::Type
        | NameKind::Command
        | NameKind::Event
        | NameKind::Member
        | NameKind::Value
        | NameKind::Alternative
        | NameKind::Feature => name.text.clone(),
    };
    let Some(stem) = check_form(name, &prefixed, errors) else { return };
    check_convention(name, stem, kind, errors);
    check_reserved(name, kind, errors);
    check_exception(name, stem, kind, errors);
}

/// A name consists of letters, digits, `-` and `_` after a letter. Returns the stem of a valid
/// name.
fn check_form<'a>(name: &Name, prefixed: &'a str, errors: &Errors) -> Option<&'a str> {
    let found = stem(prefixed);
    if found.is_none() {
        let message = format!(
            "`{}`: not a QAPI name; write letters, digits, `-` and `_` after a letter (vendors \
             write their domain before the name, as in `__org.example_name`)",
            name.text
        );
        errors.at_span(name.span, message);
    }
    found
}

/// Commands and members are lower case, events upper case, types CamelCase.
fn check_convention(name: &Name, stem: &str, kind: NameKind, errors: &Errors) {
    let Name { text, span, exception } = name;
    if follows_convention(stem, kind) || exception.is_some() && may_be_excepted(stem, kind) {
        return;
    }
    let advice = match kind {
        NameKind::Type => {
            let vendor = text.strip_suffix(stem).unwrap_or_default();
            let camel = camel_from_any(stem);
            if is_camel(&camel) {
                format!(
                    "the name of a type is CamelCase, with a lower-case letter; write \
                     `{vendor}{camel}`"
                )
            } else {
                "the name of a type is CamelCase, with a lower-case letter; choose another name, \
                 as in `BlockJobInfo`"
                    .to_owned()
            }
        }
        NameKind::Event => {
            let upper = text.to_uppercase().replace('-', "_");
            format!("the name of an event is upper case with `_`; write `{upper}`")
        }
        NameKind::Command | NameKind::Member | NameKind::Value | NameKind::Alternative => {
            // The prefix of a vendor is not subject to the convention.
            let vendor = text.strip_suffix(stem).unwrap_or_default();
            let dashed = dashed_from_camel(&stem.replace('-', "_"));
            let exception = if may_be_excepted(stem, kind) {
                ", or add `name_exception` for a name that clients already use"
            } else {
                ""
            };
            format!("the name is lower case with `-`; write `{vendor}{dashed}`{exception}")
        }
        NameKind::Feature => return,
    };
    errors.at_span(*span, format!("`{text}`: {advice}"));
}

/// Whether `name_exception` permits the name: any name of a member or value, and a lower case name
/// of a command with underscores. Alternatives have no exceptions, as clients never see their
/// names.
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

/// A name is not reserved for the generator.
fn check_reserved(name: &Name, kind: NameKind, errors: &Errors) {
    let Name { text, span, exception: _ } = name;
    let in_c = c_name(text);
    let reason = if in_c.starts_with("q_") {
        "names that begin with `q_` or `q-` are reserved"
    } else if kind == NameKind::Type && text.ends_with("List") {
        "type names that end in `List` are reserved for lists"
    } else if kind == NameKind::Member && (in_c == "u" || in_c.starts_with("has_")) {
        "the member names `u` and `has-…` are reserved"
    } else if is_definition(kind) && BUILTIN_TYPES.contains(&text.as_str()) {
        "the schema language has a built-in type of this name"
    } else {
        return;
    };
    errors.at_span(*span, format!("`{text}`: {reason}; choose another name"));
}

fn is_definition(kind: NameKind) -> bool {
    match kind {
        NameKind::Type | NameKind::Command | NameKind::Event => true,
        NameKind::Member | NameKind::Value | NameKind::Alternative | NameKind::Feature => false,
    }
}

/// A name with `name_exception` does not follow the convention.
fn check_exception(name: &Name, stem: &str, kind: NameKind, errors: &Errors) {
    let Some(word) = name.exception else { return };
    if follows_convention(stem, kind) {
        let message = format!(
            "`name_exception`: the name `{}` follows the convention; remove the word",
            name.text
        );
        errors.at_span(word, message);
    }
}
