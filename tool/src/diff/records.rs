//! Differences for programs.

use std::fmt::Write;

use qapi_schema::diff::{Change, Level, Place};
use serde_json::{Map, Value, json};

use super::drawing::title;
use crate::github;

/// A JSON object for each difference, a line each.
pub(super) fn json(changes: &[Change]) -> String {
    let record = |change: &Change| {
        let ways: Vec<_> = change.ways().map(|way| way.to_string()).collect();
        let mut object = Map::new();
        let mut add = |key: &str, value: Value| object.insert(key.to_owned(), value);
        add("rule", change.rule.id.into());
        add("level", change.level.as_str().into());
        add("message", change.message.as_str().into());
        add("ways", ways.into());
        if change.has_more_ways {
            add("more-ways", true.into());
        }
        if let Some(name) = &change.type_name {
            add("type", name.as_str().into());
        }
        if let Some(relief) = change.relief {
            add("relief", relief.as_str().into());
        }
        let place = |place: &Place| json!({ "file": &*place.file, "line": place.line });
        if let Some(old) = &change.old_place {
            add("old", place(old));
        }
        if let Some(new) = &change.new_place {
            add("new", place(new));
        }
        format!("{}\n", Value::from(object))
    };
    changes.iter().map(record).collect()
}

/// An annotation for each difference. A part that exists no longer has no line in the new file.
pub(super) fn github(changes: &[Change]) -> String {
    let annotation = |change: &Change| {
        let level = match change.level {
            Level::Breaking => "error",
            Level::Warning => "warning",
            Level::Info => "notice",
        };
        let place = change.new_place.as_ref().map(|place| (&*place.file, place.line, None));
        github::annotation(level, place, Some(change.rule.id), &with_ways(change))
    };
    changes.iter().map(annotation).collect()
}

/// What is different, and a line for each way.
fn with_ways(change: &Change) -> String {
    let mut text = title(change);
    for way in change.ways() {
        let _ = write!(text, "\n{way}");
    }
    if change.has_more_ways {
        text.push_str("\nand more");
    }
    text
}

/// JUnit's XML: a test for each difference, which fails if its level does.
pub(super) fn junit(changes: &[Change], fails: impl Fn(Level) -> bool) -> String {
    let failures = changes.iter().filter(|change| fails(change.level)).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites>\n  <testsuite name=\"qapi diff\" tests=\"{}\" failures=\"{failures}\">\n",
        changes.len()
    );
    for change in changes {
        let first = change.ways().next().map_or_else(String::new, |way| way.to_string());
        let _ = write!(
            text,
            "    <testcase classname=\"{}\" name=\"{}\"",
            escape(change.rule.id),
            escape(&first)
        );
        if fails(change.level) {
            let _ = write!(
                text,
                ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                change.level.as_str(),
                escape(&title(change)),
                escape(&with_ways(change))
            );
        } else {
            text.push_str("/>\n");
        }
    }
    text + "  </testsuite>\n</testsuites>\n"
}

/// `text` in XML. Control characters other than line feeds have no form in XML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
