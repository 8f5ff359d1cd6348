//! The text of a generated file.

use std::fmt::Display;

use crate::limits::MAX_GENERATED;

/// The longest line of a list that is written on one line: rustfmt's `max_width`.
pub(super) const MAX_LINE: usize = 100;

/// The lines of a generated file, with their indentation. Text beyond [`MAX_GENERATED`] is dropped,
/// and [`finish`](Self::finish) reports it.
pub(super) struct Output {
    text: String,
    unit: &'static str,
    depth: usize,
    is_full: bool,
}

impl Output {
    /// An empty text, whose lines are indented by `unit` for each level.
    pub(super) fn new(unit: &'static str) -> Self {
        Self { text: String::new(), unit, depth: 0, is_full: false }
    }

    /// Adds a line, or an empty one.
    pub(super) fn line(&mut self, line: impl Display) {
        let line = line.to_string();
        if self.text.len() + line.len() > MAX_GENERATED {
            self.is_full = true;
            return;
        }
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n(self.unit, self.depth));
            self.text.push_str(&line);
        }
        self.text.push('\n');
    }

    /// Adds the lines of a text.
    pub(super) fn lines(&mut self, text: &str) {
        text.lines().for_each(|line| self.line(line));
    }

    /// Adds `open`, the lines that `body` adds one level deeper, and `close`.
    pub(super) fn block(&mut self, open: &str, close: &str, body: impl FnOnce(&mut Self)) {
        self.line(open);
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line(close);
    }

    /// An empty text for what is between the braces of an item that begins here.
    pub(super) fn inner(&self) -> Self {
        Self { depth: self.depth + 1, ..Self::new(self.unit) }
    }

    /// Adds an item with `inner` between its braces.
    pub(super) fn braces(&mut self, head: &str, inner: Self) {
        if inner.text.is_empty() {
            return self.line(format_args!("{head} {{}}"));
        }
        self.line(format_args!("{head} {{"));
        self.append(inner);
        self.line("}");
    }

    /// Adds `head`, the items of `inner` in parentheses, and `tail`: on one line if it fits and
    /// each item is one line.
    pub(super) fn parentheses(&mut self, head: &str, inner: Self, tail: &str) {
        let items: Vec<_> = inner.text.lines().map(str::trim_start).collect();
        let are_plain =
            items.iter().all(|item| !item.starts_with("///") && !item.starts_with('#'));
        let joined = items.join(" ");
        let line = format!("{head}({}){tail}", joined.trim_end_matches(','));
        if are_plain && self.indentation() + line.len() <= MAX_LINE {
            return self.line(line);
        }
        self.line(format_args!("{head}("));
        self.append(inner);
        self.line(format_args!("){tail}"));
    }

    /// Adds the lines of `inner`.
    pub(super) fn append(&mut self, inner: Self) {
        self.is_full |= inner.is_full || self.text.len() + inner.text.len() > MAX_GENERATED;
        if !self.is_full {
            self.text.push_str(&inner.text);
        }
    }

    /// The columns that the indentation takes.
    pub(super) fn indentation(&self) -> usize {
        self.depth * self.unit.len()
    }

    /// The text.
    ///
    /// # Errors
    /// The text is longer than [`MAX_GENERATED`]; returns an error text.
    pub(super) fn finish(self) -> Result<String, String> {
        if self.is_full {
            return Err(format!("the generated file has more than {MAX_GENERATED} bytes"));
        }
        Ok(self.text)
    }
}
