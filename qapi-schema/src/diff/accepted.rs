//! Differences that the authors of a schema accept.

use std::fmt::Write;

use qapi_core::NamePattern;

use super::change::Change;
use super::rules::Rule;

/// A list of accepted differences.
///
/// Each line of the text is an entry: the identifier of a rule, and a pattern of the text of ways
/// ([`Way`](super::Way)), where `*` stands for any text. Empty lines and lines that begin with `#`
/// are comments. A change with several ways is accepted if each way matches an entry.
///
/// ```
/// use qapi_schema::diff::Accepted;
///
/// let text = "# Replaced by quit in release 3.\ncommand-removed system-stop\n";
/// assert!(Accepted::parse(text).is_ok());
/// let error = Accepted::parse("command-gone system-stop").unwrap_err();
/// assert_eq!(error, "line 1: there is no rule `command-gone`");
/// ```
#[derive(Debug, Default)]
pub struct Accepted {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    line: usize,
    text: String,
    rule: &'static Rule,
    pattern: NamePattern,
    is_used: bool,
}

impl Accepted {
    /// Reads a list.
    ///
    /// # Errors
    /// A line has no rule of [`RULES`](super::RULES), or no pattern; returns an error text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut entries = Vec::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (id, pattern) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            let rule =
                Rule::by_id(id).ok_or_else(|| format!("line {line}: there is no rule `{id}`"))?;
            if pattern.is_empty() {
                return Err(format!("line {line}: write a pattern of ways after `{id}`"));
            }
            let pattern = NamePattern::from(pattern.trim_start());
            entries.push(Entry { line, text: text.to_owned(), rule, pattern, is_used: false });
        }
        Ok(Self { entries })
    }

    /// Removes the accepted ways of changes, and changes without another way.
    pub fn apply(&mut self, changes: &mut Vec<Change>) {
        changes.retain_mut(|change| {
            let ways = change.ways();
            let rest = ways.filter(|way| !self.accepts(change.rule, &way.to_string()));
            let rest: Vec<_> = rest.collect();
            let is_left = !rest.is_empty();
            (change.ways, change.step) = (rest.into(), String::new());
            is_left
        });
    }

    fn accepts(&mut self, rule: &Rule, way: &str) -> bool {
        let mut accepts = false;
        for entry in &mut self.entries {
            if entry.rule == rule && entry.pattern.matches(way) {
                (entry.is_used, accepts) = (true, true);
            }
        }
        accepts
    }

    /// The entries that accepted nothing so far, each with its line.
    pub fn unused(&self) -> impl Iterator<Item = (usize, &str)> {
        let unused = self.entries.iter().filter(|entry| !entry.is_used);
        unused.map(|entry| (entry.line, entry.text.as_str()))
    }

    /// The text of a list that accepts these changes.
    pub fn text_for(changes: &[Change]) -> String {
        let mut text = String::new();
        for change in changes {
            for way in change.ways() {
                let _ = writeln!(text, "{} {way}", change.rule.id);
            }
        }
        text
    }
}
