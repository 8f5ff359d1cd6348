//! Rules on documentation:
//! - `check_sections_differ`: each section stands once
//! - `check_sections_say_something`: a section has a text
//! - `check_section_owner`: commands fail, and those return something whose functions do
//! - `check_headings`: a heading is spelt as the section's, and none says what a word says
//! - `check_tags`: what the schema language writes into one comment stands at its own place
//! - `check_part_doc`: the same for the comment of a value, member or argument

use proc_macro2::Span;

use crate::docs::{Doc, Line, SectionKind, heading};
use crate::errors::Errors;
use crate::messages::{closest, listed};
use crate::model::{Head, Part};

/// A definition as far as its documentation is concerned.
pub(super) struct Documented<'a> {
    pub(super) head: &'a Head,
    /// What it is: `enum`.
    pub(super) kind: &'static str,
    /// What its parts are: `value`.
    pub(super) part: &'static str,
    pub(super) parts: Vec<&'a Part>,
    /// Whether it returns something; only a command can.
    pub(super) returns: Option<bool>,
}

/// Headings of what is said by other means, and how.
const HEADINGS_SAID_OTHERWISE: &[(&str, &str)] = &[
    ("Arguments", EACH_PART),
    ("Features", FEATURES),
    ("Members", EACH_PART),
    ("Parameters", EACH_PART),
    ("Since", SINCE),
    ("Values", EACH_PART),
];

const EACH_PART: &str = "each has a doc comment of its own; move the text there";
const FEATURES: &str = "a word says it; write `features(name = \"what it means\")`";
const SINCE: &str = "a word says it; write `since = \"2.12\"`";

/// All rules on the documentation of a definition and of its parts.
pub(super) fn check_doc(documented: &Documented<'_>, errors: &Errors) {
    let doc = &documented.head.doc;
    check_sections_differ(doc, errors);
    check_sections_say_something(doc, errors);
    check_section_owner(documented, errors);
    for line in &doc.prose {
        check_headings(line, errors);
        check_tags(documented, line, errors);
    }
    for part in &documented.parts {
        check_part_doc(part, errors);
    }
}

/// Each section stands once.
fn check_sections_differ(doc: &Doc, errors: &Errors) {
    for (index, section) in doc.sections.iter().enumerate() {
        if doc.sections.iter().take(index).any(|before| before.kind == section.kind) {
            let name = section.kind.heading();
            let message =
                format!("`# {name}`: there is such a section already; put the text there");
            errors.at_span(section.heading, message);
        }
    }
}

/// A section has a text.
fn check_sections_say_something(doc: &Doc, errors: &Errors) {
    for section in doc.sections.iter().filter(|section| section.text.is_empty()) {
        let name = section.kind.heading();
        let message =
            format!("`# {name}`: the section is empty; write a text, or leave the heading out");
        errors.at_span(section.heading, message);
    }
}

/// Only commands fail, and only those return something whose functions do.
fn check_section_owner(documented: &Documented<'_>, errors: &Errors) {
    for section in &documented.head.doc.sections {
        let name = section.kind.heading();
        let message = match (section.kind, documented.returns) {
            (SectionKind::Examples, _)
            | (SectionKind::Errors, Some(_))
            | (SectionKind::Returns, Some(true)) => continue,
            (SectionKind::Returns, Some(false)) => format!(
                "`# {name}`: the command returns nothing; leave the section out, or return what \
                 it tells of"
            ),
            (SectionKind::Returns | SectionKind::Errors, None) => format!(
                "`# {name}`: only commands have such a section, and this is of the {} `{}`; leave \
                 it out",
                documented.kind, documented.head.name.text
            ),
        };
        errors.at_span(section.heading, message);
    }
}

/// A heading is spelt as the section's, and none says what a word says.
fn check_headings(line: &Line, errors: &Errors) {
    let Some(marked) = line.text.strip_prefix('#').filter(|rest| !rest.starts_with('#')) else {
        return;
    };
    let found = marked.trim().trim_end_matches(':');
    let sections = SectionKind::ALL.map(SectionKind::heading);
    if heading(&line.text).is_some_and(|heading| sections.contains(&heading)) {
        return;
    }
    let mut otherwise = HEADINGS_SAID_OTHERWISE.iter();
    let message = if let Some((_, advice)) = otherwise.find(|(name, _)| is_meant(found, name)) {
        format!("`# {found}`: {advice}")
    } else if let Some(meant) = sections.into_iter().find(|name| is_meant(found, name)) {
        format!("`{}`: no section is named so; write `# {meant}`", line.text.trim())
    } else {
        return;
    };
    errors.at_span(line.span, message);
}

/// Whether the heading `found` was most likely meant to be `name`. Any other heading is the
/// author's own, so that a likeness has to be closer than among words of attributes.
fn is_meant(found: &str, name: &str) -> bool {
    let (found, name) = (found.to_lowercase(), name.to_lowercase());
    strsim::osa_distance(&found, &name) <= 1
        || found.starts_with("return value") && name == "returns"
}

/// What the schema language writes into one comment stands at its own place.
fn check_tags(documented: &Documented<'_>, line: &Line, errors: &Errors) {
    let Line { text, span } = line;
    if let Some(name) = described_name(text) {
        check_described_name(documented, name, *span, errors);
        return;
    }
    let Some((tag, _)) = text.split_once(':') else { return };
    let section =
        |name| format!("sections have headings; write `# {name}`, and the text below it");
    let advice = match tag {
        "Returns" | "Errors" => section(tag),
        "Example" | "Examples" => section("Examples"),
        "Features" => FEATURES.to_owned(),
        "Since" => SINCE.to_owned(),
        _ => return,
    };
    errors.at_span(*span, format!("`{tag}:`: {advice}"));
}

/// The name that a line begins to describe as the schema language does, by `@name:`. Without the
/// colon it has to stand alone, since texts mention names by `@name` too.
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
        format!("`@{name}`: a doc comment is of the item below it; leave the line out")
    } else if parts.iter().any(|part| part.name.text == name) {
        format!("`@{name}`: each {part} has a doc comment of its own; move the text there")
    } else if head.features.iter().any(|feature| feature.name == name) {
        format!("`@{name}`: {FEATURES}")
    } else {
        let advice = match (closest(name, names()), listed(names())) {
            (Some(meant), _) => {
                format!("did you mean `{meant}`? It is described where it stands")
            }
            (None, none) if none.is_empty() => "move the text to what it is about".to_owned(),
            (None, names) => format!("what there is, {names}, is described where it stands"),
        };
        format!("`@{name}`: the {kind} lists no {part} or feature of this name; {advice}")
    };
    errors.at_span(span, message);
}

/// The comment of a value, member or argument leaves to the word `since` what it says.
fn check_part_doc(part: &Part, errors: &Errors) {
    for Line { text, span } in &part.doc.prose {
        let Some((_, last)) = text.rsplit_once('(') else { continue };
        let Some((inner, "" | ".")) = last.split_once(')') else { continue };
        let version = inner.strip_prefix("since").or_else(|| inner.strip_prefix("Since"));
        let Some(version) = version else { continue };
        let version = version.trim_start_matches(':').trim();
        let is_digit = |letter: char| letter.is_ascii_digit() || letter == '.';
        if !version.is_empty() && version.chars().all(is_digit) {
            let message =
                format!("`({inner})`: a word says it; write `#[qapi(since = \"{version}\")]`");
            errors.at_span(*span, message);
        }
    }
}
