//! The values of expressions, each with its place.

use crate::source::Span;

/// A value of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The place.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// The kinds of values that the schema language has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object.
    Object(Object),
}

/// An object: its members in their order, each name once.
pub type Object = Vec<Entry>;

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub key: String,
    /// The place of the name.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

/// The value of the member `key`.
pub fn get<'o>(object: &'o [Entry], key: &str) -> Option<&'o Node> {
    object.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
}

impl Node {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Object(entries) => Some(entries),
            Value::Bool(_) | Value::String(_) | Value::Array(_) => None,
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Array(elements) => Some(elements),
            Value::Bool(_) | Value::String(_) | Value::Object(_) => None,
        }
    }

    /// Whether the values are equal, wherever they stand.
    pub fn means_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Bool(one), Value::Bool(two)) => one == two,
            (Value::String(one), Value::String(two)) => one == two,
            (Value::Array(one), Value::Array(two)) => {
                one.len() == two.len()
                    && one.iter().zip(two).all(|(one, two)| one.means_same(two))
            }
            (Value::Object(one), Value::Object(two)) => {
                let same = |(one, two): (&Entry, &Entry)| {
                    one.key == two.key && one.node.means_same(&two.node)
                };
                one.len() == two.len() && one.iter().zip(two).all(same)
            }
            (
                Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
                Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            ) => false,
        }
    }
}
