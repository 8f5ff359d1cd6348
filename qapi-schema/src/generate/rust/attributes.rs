//! Attributes, in the layout of rustfmt.

use crate::generate::output::{MAX_LINE, Output};
use crate::generate::prose::Prose;
use crate::model::Feature;

/// The longest list of words on one line: rustfmt's `attr_fn_like_width`.
const MAX_WORDS: usize = 70;

/// Writes `#[name(words)]`.
pub(super) fn write(out: &mut Output, name: &str, words: &[String]) {
    if words.is_empty() {
        return out.line(format_args!("#[{name}]"));
    }
    let joined = words.join(", ");
    // The brackets around the name and the words.
    let length = out.indentation() + name.len() + joined.len() + "#[()]".len();
    if joined.len() <= MAX_WORDS && length <= MAX_LINE {
        return out.line(format_args!("#[{name}({joined})]"));
    }
    out.block(&format!("#[{name}("), ")]", |out| {
        for (index, word) in words.iter().enumerate() {
            let comma = if index + 1 < words.len() { "," } else { "" };
            out.line(format_args!("{word}{comma}"));
        }
    });
}

/// Writes `#[qapi(words)]`, if there are words.
pub(super) fn write_part(out: &mut Output, words: &[String]) {
    if !words.is_empty() {
        write(out, "qapi", words);
    }
}

/// The word `since`.
pub(super) fn since(release: Option<String>) -> Option<String> {
    release.map(|release| format!("since = {release:?}"))
}

/// The word `features`, if there are features.
pub(super) fn features(features: &[Feature], prose: Prose<'_>) -> Option<String> {
    let feature = |found: &Feature| {
        let name = &found.name.text;
        let is_word = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let word = if is_word { name.replace('-', "_") } else { format!("{name:?}") };
        let described = prose.feature(name);
        let since = since(described.since).map_or_else(String::new, |since| format!("({since})"));
        let doc = described.text;
        let doc = if doc.is_empty() { doc } else { format!(" = {doc:?}") };
        format!("{word}{since}{doc}")
    };
    let all: Vec<_> = features.iter().map(feature).collect();
    (!all.is_empty()).then(|| format!("features({})", all.join(", ")))
}
