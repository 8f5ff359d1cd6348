//! Rules for documentation:
//! - `check_sections_differ`: a definition has each section once
//! - `check_sections_have_text`: a section has a text
//! - `check_section_owner`: only a command has `# Errors`, and only a command that returns a value
//!   has `# Returns`
//! - `check_headings`: no heading misspells a section, or replaces a word of an attribute
//! - `check_tags`: no line uses the tags of the schema language
//! - `check_part_doc`: the comment of a value, member or argument does not contain a `since` tag

use proc_macro2::Span;

use crate::docs::{Doc, Line, SectionKind, heading};
use crate::errors::Errors;
use crate::messages::{closest, listed};
use crate::model::{Head, Part};

/// The documented parts of a definition.
pub(super) struct Documented<'a> {
    pub(super) head: &'a Head,
    /// The kind of definition, for messages, as in `enum`.
    pub(super) kind: &'static str,
    /// The kind of its parts, for messages, as in `value`.
    pub(super) part: &'static str,
    pub(super) parts: Vec<&'a Part>,
    /// Whether a command returns a value; `None` for other kinds.
    pub(super) returns: Option<bool>,
}

/// Headings that other comments or words replace, each with the replacement.
const REPLACED_HEADINGS: &[(&str, &str)] = &[
    ("Arguments", EACH_PART),
    ("Features", FEATURES),
    ("Members", EACH_PART),
    ("Parameters", EACH_PART),
    ("Since", SINCE),
    ("Values", EACH_PART),
];

const EACH_PART: &str = "each one has its own doc comment; move the text there";
const FEATURES: &str = "a word documents features; write `features(name = \"what it means\")`";
const SINCE: &str = "a word declares the version; write `since = \"2.12\"`";

/// All rules for the documentation of a definition and of its parts.
pub(super) fn check_doc(documented: &Documented<'_>, errors: &Errors) {
    let doc = &documented.head.doc;
    check_sections_differ(doc, errors);
    check_sections_have_text(doc, errors);
    check_section_owner(documented, errors);
    for line in &doc.prose {
        check_headings(line, errors);
        check_tags(documented, line, errors);
    }
    for part in &documented.parts {
        check_part_doc(part, errors);
    }
}

/// A definition has each section once.
fn check_sections_differ(doc: &Doc, errors: &Errors) {
    for (index, section) in doc.sections.iter().enumerate() {
        if doc.sections.iter().take(index).any(|before| before.kind == section.kind) {
            let name = section.kind.heading();
            let message =
                format!("`# {name}`: a second section of this name; move the text to the first");
            errors.at_span(section.heading, message);
        }
    }
}

/// A section has a text.
fn check_sections_have_text(doc: &Doc, errors: &Errors) {
    for section in doc.sections.iter().filter(|section| section.text.is_empty()) {
        let name = section.kind.heading();
        let message =
            format!("`# {name}`: the section is empty; write a text, or remove the heading");
        errors.at_span(section.heading, message);
    }
}

/// Only a command has `# Errors`, and only a command that returns a value has `# Returns`.
fn check_section_owner(documented: &Documented<'_>, errors: &Errors) {
    for section in &documented.head.doc.sections {
        let name = section.kind.heading();
        let message = match (section.kind, documented.returns) {
            (SectionKind::Examples, _)
            | (SectionKind::Errors, Some(_))
            | (SectionKind::Returns, Some(true)) => continue,
            (SectionKind::Returns, Some(false)) => format!(
                "`# {name}`: the command returns nothing; remove the section, or return a value"
            ),
            (SectionKind::Returns | SectionKind::Errors, None) => format!(
                "`# {name}`: only a command has this section; remove it from the documentation \
                 of the {} `{}`",
                documented.kind, documented.head.name.text
            ),
        };
        errors.at_span(section.heading, message);
    }
}

/// No heading misspells a section, or replaces a word of an attribute.
fn check_headings(line: &Line, errors: &Errors) {
    let Some(marked) = line.text.strip_prefix('#').filter(|rest| !rest.starts_with('#')) else {
        return;
    };
    let found = marked.trim().trim_end_matches(':');
    let sections = SectionKind::ALL.map(SectionKind::heading);
    if heading(&line.text).is_some_and(|heading| sections.contains(&heading)) {
        return;
    }
    let mut replaced = REPLACED_HEADINGS.iter();
    let message = if let Some((_, advice)) = replaced.find(|(name, _)| is_meant(found, name)) {
        format!("`# {found}`: {advice}")
    } else if let Some(meant) = sections.into_iter().find(|name| is_meant(found, name)) {
        format!("`{}`: no section has this name; write `# {meant}`", line.text.trim())
    } else {
        return;
    };
    errors.at_span(line.span, message);
}

/// Whether the heading `found` probably misspells `name`. The threshold is stricter than for words
/// of attributes, as authors may write other headings.
fn is_meant(found: &str, name: &str) -> bool {
    let (found, name) = (found.to_lowercase(), name.to_lowercase());
    strsim::osa_distance(&found, &name) <= 1
        || found.starts_with("return value") && name == "returns"
}

/// No line uses the tags of the schema language: `@name:`, `Returns:`, `Since:` and the like.
fn check_tags(documented: &Documented<'_>, line: &Line, errors: &Errors) {
    let Line { text, span } = line;
    if let Some(name) = described_name(text) {
        check_described_name(documented, name, *span, errors);
        return;
    }
    let Some((tag, _)) = text.split_once(':') else { return };
    let section =
        |name| format!("a heading begins the section; write `# {name}`, and the text below it");
    let advice = match tag {
        "Returns" | "Errors" => section(tag),
        "Example" | "Examples" => section("Examples"),
        "Features" => FEATURES.to_owned(),
        "Since" => SINCE.to_owned(),
        _ => return,
    };
    errors.at_span(*span, format!("`{tag}:`: {advice}"));
}

/// The name in a line that begins with `@name:`, the tag of the schema language for a part.
/// Without a colon, nothing may follow the name, since prose refers to names as `@name` too.
fn described_name(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('@')?;
    let is_part =
        |letter: char| letter.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&letter);
    let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    (!name.is_empty() && (after.is_empty() || after.starts_with(':'))).then_some(name)
}

fn check_described_name(documented: &Documented<'_>, name: &str, span: Span, errors: &Errors) {
    let Documented { head, kind, part, parts, returns: _ } = documented;
    let names = || {
        let features = head.features.iter().map(|feature| feature.name.as_str());
        parts.iter().map(|part| part.name.text.as_str()).chain(features)
    };
    let message = if name == head.name.text {
        format!("`@{name}`: a doc comment belongs to the item below it; remove the line")
    } else if parts.iter().any(|part| part.name.text == name) {
        format!("`@{name}`: each {part} has its own doc comment; move the text there")
    } else if head.features.iter().any(|feature| feature.name == name) {
        format!("`@{name}`: {FEATURES}")
    } else {
        let advice = match (closest(name, names()), listed(names())) {
            (Some(meant), _) => {
                format!("; did you mean `{meant}`? Move the text to the declaration of `{meant}`")
            }
            (None, none) if none.is_empty() => "; remove the line".to_owned(),
            (None, names) => format!(", only {names}; remove the line"),
        };
        format!("`@{name}`: the {kind} has no {part} or feature of this name{advice}")
    };
    errors.at_span(span, message);
}

/// The comment of a value, member or argument does not contain a `since` tag.
fn check_part_doc(part: &Part, errors: &Errors) {
    for Line { text, span } in &part.doc.prose {
        let Some((_, last)) = text.rsplit_once('(') else { continue };
        let Some((inner, "" | ".")) = last.split_once(')') else { continue };
        let version = inner.strip_prefix("since").or_else(|| inner.strip_prefix("Since"));
        let Some(version) = version else { continue };
        let version = version.trim_start_matches(':').trim();
        let is_digit = |letter: char| letter.is_ascii_digit() || letter == '.';
        if !version.is_empty() && version.chars().all(is_digit) {
            let message = format!(
                "`({inner})`: a word declares the version; write `#[qapi(since = \"{version}\")]`"
            );
            errors.at_span(*span, message);
        }
    }
}
