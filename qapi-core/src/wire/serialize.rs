//! Serialises values that were read: to any serde serializer, and to a tree of `serde_json`.

use serde::ser::{Serialize, Serializer};

use super::document::Node;
use super::number::Number;
use super::value::Value;

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
