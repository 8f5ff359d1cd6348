//! Patterns of names, with `*` for any text.

use std::fmt;

use crate::error::Result;
use crate::messages;

/// A pattern of the names of commands or events. `*` stands for any text, also for none. All other
/// characters stand for themselves.
///
/// ```
/// use qapi_core::NamePattern;
///
/// let queries = NamePattern::new("query-*")?;
/// assert!(queries.matches("query-status"));
/// assert!(!queries.matches("quit"));
/// # Ok::<(), qapi_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamePattern(Box<str>);

impl NamePattern {
    /// The longest pattern, in bytes; names of commands and events are far shorter.
    pub const LENGTH_LIMIT: usize = 255;

    /// A pattern that a client chooses. For patterns of the program there is [`From`].
    ///
    /// # Errors
    /// The pattern is longer than [`LENGTH_LIMIT`](Self::LENGTH_LIMIT).
    pub fn new(pattern: &str) -> Result<Self> {
        if pattern.len() > Self::LENGTH_LIMIT {
            return Err(messages::pattern_too_long(Self::LENGTH_LIMIT));
        }
        Ok(Self(pattern.into()))
    }

    /// Whether the pattern matches the whole of `name`. Takes at most the product of both lengths.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            match rest.find(part).and_then(|found| rest.get(found + part.len()..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// A pattern of the program itself, whose length needs no limit.
impl From<&str> for NamePattern {
    fn from(pattern: &str) -> Self {
        Self(pattern.into())
    }
}

/// A pattern of the program itself, whose length needs no limit.
impl From<String> for NamePattern {
    fn from(pattern: String) -> Self {
        Self(pattern.into())
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether one of `patterns` matches `name`.
pub(crate) fn any_matches(patterns: &[NamePattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        let matches =
            |pattern: &str, name: &str| NamePattern::new(pattern).expect("short").matches(name);
        for (pattern, name) in [
            ("", ""),
            ("*", ""),
            ("*", "abc"),
            ("abc", "abc"),
            ("a*", "abc"),
            ("*c", "abc"),
            ("a*c", "abc"),
            ("a*b*c", "abc"),
            ("a**c", "ac"),
            ("*b*", "abc"),
            ("a*a", "aa"),
            ("*ab*ab", "abab"),
        ] {
            assert!(matches(pattern, name), "{pattern:?} {name:?}");
        }
        for (pattern, name) in [
            ("", "a"),
            ("abc", "abcd"),
            ("a*", "ba"),
            ("a*a", "a"),
            ("*b", "abc"),
            ("a*b*c", "acb"),
            ("*ab*ab", "ab"),
            ("A*", "abc"),
        ] {
            assert!(!matches(pattern, name), "{pattern:?} {name:?}");
        }
        assert!(NamePattern::new(&"x".repeat(NamePattern::LENGTH_LIMIT + 1)).is_err());
    }
}
