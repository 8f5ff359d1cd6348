//! What is new in a schema, for people.

use std::fmt::Write;

use super::change::Change;
use super::rules::Section;

/// The sections in their order, each with its heading.
const SECTIONS: &[(Section, &str)] = &[
    (Section::Commands, "New commands"),
    (Section::Events, "New events"),
    (Section::Arguments, "New arguments"),
    (Section::Results, "New in return values and events"),
    (Section::Deprecated, "Deprecated"),
    (Section::Changed, "Changed"),
    (Section::Removed, "Removed"),
];

/// The ways that an entry names. The others are counted.
const NAMED_WAYS: usize = 3;

/// A changelog in Markdown: a section for each kind of news, an item for each change, with the
/// first sentence of its documentation.
pub fn changelog(changes: &[Change]) -> String {
    let mut text = String::new();
    for (section, heading) in SECTIONS {
        let mut items: Vec<_> =
            changes.iter().filter(|change| change.rule.section == *section).map(item).collect();
        if items.is_empty() {
            continue;
        }
        items.sort();
        let space = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{space}## {heading}\n\n{}", items.concat());
    }
    if text.is_empty() { "Nothing is new.\n".to_owned() } else { text }
}

fn item(change: &Change) -> String {
    let ways = change.ways();
    let others = ways.len().saturating_sub(NAMED_WAYS);
    let ways: Vec<_> = ways.take(NAMED_WAYS).map(|way| format!("`{way}`")).collect();
    let mut text = format!("- {}", ways.join(", "));
    if change.has_more_ways {
        text.push_str(" and more");
    } else if others > 0 {
        let _ = write!(text, " and {others} more");
    }
    if !matches!(change.rule.section, Section::Commands | Section::Events) {
        let _ = write!(text, ": {}", change.message);
    }
    if let Some(description) = &change.description {
        let _ = write!(text, ": {description}");
    }
    if let (Some(since), Section::Commands | Section::Events) =
        (&change.since, change.rule.section)
    {
        let _ = write!(text, " (since {since})");
    }
    text.push('\n');
    text
}
