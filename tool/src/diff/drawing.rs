//! Differences for people: text, and Markdown.

use std::fmt::Write;

use qapi_schema::diff::{Change, Level};

use crate::printable::printable;

/// A paragraph for each difference: what it is, its place in a file, and the ways to it.
pub(super) fn text(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let _ =
            writeln!(text, "{}: {} [{}]", change.level.as_str(), title(change), change.rule.id);
        if let Some(place) = change.new_place.as_ref().or(change.old_place.as_ref()) {
            let _ = writeln!(text, "  --> {}:{}", place.file, place.line);
        }
        for way in change.ways() {
            let _ = writeln!(text, "  {}", printable(&way.to_string()));
        }
        if change.has_more_ways {
            text.push_str("  and more\n");
        }
        text.push('\n');
    }
    text
}

/// What is different, in which type, and why the level is lower than that of the rule.
pub(super) fn title(change: &Change) -> String {
    let mut title = printable(&change.message);
    if let Some(name) = &change.type_name {
        let _ = write!(title, " in `{}`", printable(name));
    }
    if let Some(relief) = change.relief {
        let _ = write!(title, " ({})", relief.as_str());
    }
    title
}

/// A list for each level.
pub(super) fn markdown(changes: &[Change]) -> String {
    let mut text = String::new();
    for (level, heading) in
        [(Level::Breaking, "Breaking"), (Level::Warning, "Warnings"), (Level::Info, "Compatible")]
    {
        let of_level: Vec<_> = changes.iter().filter(|change| change.level == level).collect();
        if of_level.is_empty() {
            continue;
        }
        let space = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{space}## {heading}\n");
        for change in of_level {
            let _ = writeln!(text, "- {} (`{}`)", title(change), change.rule.id);
            for way in change.ways() {
                let _ = writeln!(text, "  - `{}`", printable(&way.to_string()));
            }
            if change.has_more_ways {
                text.push_str("  - and more\n");
            }
        }
    }
    if text.is_empty() { "No differences.\n".to_owned() } else { text }
}
