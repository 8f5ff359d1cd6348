//! A cursor that reads a parsed text, and serialises it.

use serde::ser::{Serialize, Serializer};

use super::document::{Document, Node};
use super::formatter::Style;
use super::number::Number;

/// The JSON type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number of any form.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// The most bytes of a number as text, such as `-1.2345678901234567e-308`.
const NUMBER_TEXT_MAX: usize = 25;

/// An upper bound of the number of bytes of `text` with its escapes.
fn escaped_size_bound(text: &str) -> usize {
    let size = |byte: &u8| match byte {
        b' '..=b'~' if !matches!(byte, b'"' | b'\\') => 1,
        b'"' | b'\\' => 2,
        // Characters beyond ASCII have at least two bytes, and those of four bytes two escapes.
        0x80.. => 3,
        _ => 6,
    };
    text.as_bytes().iter().map(size).sum()
}

/// A cursor on one value of a [`Document`].
///
/// A cursor is cheap to copy, and its results borrow from the document, not from the cursor. A
/// value that is neither an array nor an object has no elements or members.
#[derive(Clone, Copy)]
pub struct Value<'m> {
    document: &'m Document,
    index: u32,
}

impl<'m> Value<'m> {
    pub(super) fn new(document: &'m Document, index: u32) -> Value<'m> {
        Value { document, index }
    }

    /// The position among the values of the text.
    pub(crate) fn index(self) -> u32 {
        self.index
    }

    pub(super) fn node(self) -> Node {
        self.document.node(self.index)
    }

    /// The JSON type of the value.
    pub fn kind(self) -> Kind {
        match self.node() {
            Node::Null => Kind::Null,
            Node::Bool(_) => Kind::Bool,
            Node::Number(_) => Kind::Number,
            Node::String { .. } => Kind::String,
            Node::Array { .. } => Kind::Array,
            Node::Object { .. } => Kind::Object,
        }
    }

    /// Whether the value is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The boolean, if the value is one.
    pub fn as_bool(self) -> Option<bool> {
        if let Node::Bool(value) = self.node() { Some(value) } else { None }
    }

    /// The string, decoded and without its quotes, if the value is one.
    pub fn as_str(self) -> Option<&'m str> {
        self.document.string(self.index)
    }

    /// The number, if the value is one.
    pub fn number(self) -> Option<Number> {
        if let Node::Number(number) = self.node() { Some(number) } else { None }
    }

    /// The number of elements or members of the value.
    pub fn len(self) -> usize {
        match self.node() {
            Node::Array { len, .. } | Node::Object { len, .. } => len as usize,
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String { .. } => 0,
        }
    }

    /// Whether the value has neither elements nor members.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The elements of an array, in order.
    pub fn elements(self) -> impl ExactSizeIterator<Item = Value<'m>> + Clone {
        let len = if self.kind() == Kind::Array { self.len() } else { 0 };
        Elements { document: self.document, next: self.index + 1, len }
    }

    /// The members of an object with their names, in the order of the text.
    pub fn entries(self) -> impl ExactSizeIterator<Item = (&'m str, Value<'m>)> + Clone {
        let len = if self.kind() == Kind::Object { self.len() } else { 0 };
        Entries { document: self.document, next: self.index + 1, len }
    }

    /// The member of an object that has this name, if it has one.
    ///
    /// Compares one name after the other, as QMP's objects are small.
    pub fn get(self, name: &str) -> Option<Value<'m>> {
        self.find(name).map(|(_, value)| value)
    }

    /// As [`get`](Self::get), with the member's index among the members.
    pub(crate) fn find(self, name: &str) -> Option<(usize, Value<'m>)> {
        let Node::Object { len, .. } = self.node() else { return None };
        let mut key = self.index + 1;
        for place in 0..len as usize {
            if self.document.is_string(key, name) {
                return Some((place, Value::new(self.document, key + 1)));
            }
            key = self.document.after(key + 1);
        }
        None
    }
}

#[derive(Clone)]
struct Elements<'m> {
    document: &'m Document,
    next: u32,
    len: usize,
}

impl<'m> Iterator for Elements<'m> {
    type Item = Value<'m>;

    fn next(&mut self) -> Option<Value<'m>> {
        self.len = self.len.checked_sub(1)?;
        let value = Value::new(self.document, self.next);
        self.next = self.document.after(self.next);
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl ExactSizeIterator for Elements<'_> {}

#[derive(Clone)]
struct Entries<'m> {
    document: &'m Document,
    next: u32,
    len: usize,
}

impl<'m> Iterator for Entries<'m> {
    type Item = (&'m str, Value<'m>);

    fn next(&mut self) -> Option<(&'m str, Value<'m>)> {
        self.len = self.len.checked_sub(1)?;
        let name = self.document.string(self.next).unwrap_or_default();
        let value = Value::new(self.document, self.next + 1);
        self.next = self.document.after(self.next + 1);
        Some((name, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl ExactSizeIterator for Entries<'_> {}

/// Streams the value without building a tree, members in the order of the text.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.node() {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(value) => serializer.serialize_bool(value),
            Node::Number(Number::Int(value)) => serializer.serialize_i64(value),
            Node::Number(Number::UInt(value)) => serializer.serialize_u64(value),
            Node::Number(Number::Double(value)) => serializer.serialize_f64(value),
            Node::String { .. } => serializer.serialize_str(self.as_str().unwrap_or_default()),
            Node::Array { .. } => serializer.collect_seq(self.elements()),
            Node::Object { .. } => serializer.collect_map(self.entries()),
        }
    }
}

impl Value<'_> {
    /// A document with a copy of the value.
    pub(crate) fn to_document(self) -> Document {
        self.document.copy_of(self.index)
    }

    /// The text of the value, if the value is the id of a common request and a reply in each style
    /// repeats it as it is.
    #[inline]
    pub(crate) fn id_text(&self) -> Option<&[u8]> {
        self.document.id_text(self.index)
    }

    /// Whether the value could take more than `limit` bytes as text. The estimate is rather too
    /// long than too short.
    pub(crate) fn may_exceed_as_text(self, limit: usize, style: Style) -> bool {
        let line = |depth: usize| if style.pretty { 2 + 4 * (style.depth + depth) } else { 0 };
        // The ends of the containers around the current node.
        let mut ends: Vec<u32> = Vec::new();
        let mut size = 0;
        for (at, node) in self.document.nodes_of(self.index) {
            while ends.pop_if(|end| *end <= at).is_some() {}
            // A comma or a colon, with a blank.
            size += 2 + line(ends.len());
            match node {
                Node::Null | Node::Bool(_) => size += 5,
                Node::Number(_) => size += NUMBER_TEXT_MAX,
                Node::String { .. } => {
                    let text = self.document.string(at).unwrap_or_default();
                    if size + text.len() > limit {
                        return true;
                    }
                    size += 2 + escaped_size_bound(text);
                }
                Node::Array { end, .. } | Node::Object { end, .. } => {
                    ends.push(*end);
                    size += 2 + line(ends.len());
                }
            }
            if size > limit {
                return true;
            }
        }
        false
    }

    /// About how many bytes [`to_json`](Self::to_json) allocates, rather too many than too few.
    pub(crate) fn tree_size(self) -> usize {
        // Lists grow to twice their length at most. A node of a map has room for eleven members,
        // and is half full at least.
        const ELEMENT: usize = 2 * size_of::<serde_json::Value>();
        const MEMBER: usize = 4 * (size_of::<String>() + size_of::<serde_json::Value>());
        const MAP: usize = 12 * (size_of::<String>() + size_of::<serde_json::Value>());
        let size = |(at, node): (u32, &Node)| match node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array { .. } => ELEMENT,
            Node::String { .. } => ELEMENT + self.document.string(at).map_or(0, str::len),
            Node::Object { len: 0, .. } => ELEMENT,
            Node::Object { len, .. } => ELEMENT + MAP + *len as usize * MEMBER,
        };
        self.document.nodes_of(self.index).map(size).sum()
    }

    /// The value as a tree of `serde_json`, for handlers of raw JSON.
    pub fn to_json(self) -> serde_json::Value {
        match self.node() {
            Node::Null => serde_json::Value::Null,
            Node::Bool(value) => value.into(),
            Node::Number(Number::Int(value)) => value.into(),
            Node::Number(Number::UInt(value)) => value.into(),
            Node::Number(Number::Double(value)) => value.into(),
            Node::String { .. } => self.as_str().unwrap_or_default().into(),
            Node::Array { .. } => self.elements().map(Value::to_json).collect(),
            Node::Object { .. } => {
                self.entries().map(|(name, value)| (name, value.to_json())).collect()
            }
        }
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        f.write_str(&text)
    }
}
