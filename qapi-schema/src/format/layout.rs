//! A new layout for an expression: a line for each key, and values filled to the last column.

use super::COLUMNS;
use crate::source::Span;
use crate::value::{Entry, Node, Value};

/// The text of an expression that contains no comments.
pub(super) fn expression(text: &str, span: Span, object: &[Entry]) -> String {
    debug_assert!(text[span.range()].starts_with('{'));
    let mut filler = Filler { text, out: "{ ".to_owned(), column: 2 };
    for (index, entry) in object.iter().enumerate() {
        if index > 0 {
            filler.push(",");
            filler.break_line(2);
        }
        filler.entry(entry, if index + 1 == object.len() { 2 } else { 1 });
    }
    filler.push(" }");
    filler.out
}

struct Filler<'t> {
    text: &'t str,
    out: String,
    column: usize,
}

impl Filler<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn break_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// Writes a key and its value. `after` columns follow on the last line.
    fn entry(&mut self, entry: &Entry, after: usize) {
        let key = self.text[entry.key_span.range()].to_owned();
        self.push(&key);
        self.push(": ");
        self.node(&entry.node, after);
    }

    fn node(&mut self, node: &Node, after: usize) {
        let flat = self.flat(node);
        if self.column + flat.chars().count() + after <= COLUMNS {
            return self.push(&flat);
        }
        match &node.value {
            Value::Bool(_) | Value::String(_) => self.push(&flat),
            Value::Array(elements) => {
                self.push("[");
                let indent = self.column;
                for (index, element) in elements.iter().enumerate() {
                    let width = self.flat(element).chars().count();
                    self.next(index, indent, width);
                    self.node(element, after + 1);
                }
                self.push("]");
            }
            Value::Object(entries) => {
                self.push("{ ");
                let indent = self.column;
                for (index, entry) in entries.iter().enumerate() {
                    let width = self.flat(&entry.node).chars().count();
                    let key = self.text[entry.key_span.range()].chars().count();
                    self.next(index, indent, key + 2 + width);
                    self.entry(entry, after + 2);
                }
                self.push(" }");
            }
        }
    }

    /// Separates an element from the one before it: on the same line if it fits with the mark after
    /// it.
    fn next(&mut self, index: usize, indent: usize, width: usize) {
        if index == 0 {
            return;
        }
        self.push(",");
        if self.column + 1 + width + 2 <= COLUMNS {
            self.push(" ");
        } else {
            self.break_line(indent);
        }
    }

    /// The value on one line.
    fn flat(&self, node: &Node) -> String {
        match &node.value {
            Value::Bool(_) | Value::String(_) => self.text[node.span.range()].to_owned(),
            Value::Array(elements) => {
                let elements: Vec<_> = elements.iter().map(|found| self.flat(found)).collect();
                format!("[{}]", elements.join(", "))
            }
            Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
            Value::Object(entries) => {
                let entry = |found: &Entry| {
                    let key = &self.text[found.key_span.range()];
                    format!("{key}: {}", self.flat(&found.node))
                };
                let entries: Vec<_> = entries.iter().map(entry).collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }
}
