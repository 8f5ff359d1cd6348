//! Types of arguments, by the schema of the server.

use qapi_core::introspection::info::{JsonType, SchemaInfoKind, SchemaInfoObject};
use serde_json::{Map, Number, Value};

use super::node::{Content, Node};
use crate::schema::Schema;

/// What does not fit the schema, with text for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// The server has no such command.
    Command(String),
    /// The word of this index is wrong.
    Word(usize, String),
    /// A word is missing.
    Missing(String),
}

impl Mistake {
    /// What is wrong and what to write, for people.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Command(text) | Self::Word(_, text) | Self::Missing(text) => text,
        }
    }
}

/// The arguments without a schema: what looks like a number, a truth value or `null` is one.
pub(crate) fn plain(node: &Node) -> Value {
    match &node.content {
        Content::Text(text) => plain_text(text),
        Content::Scalar(value) => value.clone(),
        Content::Object(members) => {
            members.iter().map(|(key, member)| (key.clone(), plain(member))).collect()
        }
        Content::List(elements) => elements.iter().map(plain).collect(),
    }
}

fn plain_text(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Gives arguments the types of a schema. Text that fits no type has the value of [`plain`], so
/// that the server can refuse it.
pub(crate) struct Typing<'a> {
    schema: &'a Schema,
    /// What does not fit the schema, in the order of the arguments.
    pub(crate) mistakes: Vec<Mistake>,
}

impl<'a> Typing<'a> {
    pub(crate) fn new(schema: &'a Schema) -> Self {
        Self { schema, mistakes: Vec::new() }
    }

    /// Whether a schema changes the value of an argument: text that may be a number or a word of
    /// JSON. All other text is a string.
    pub(crate) fn is_needed(node: &Node) -> bool {
        match &node.content {
            Content::Text(text) => {
                text.starts_with(|first: char| first.is_ascii_digit() || first == '-')
                    || !plain_text(text).is_string()
            }
            Content::Scalar(_) => false,
            Content::Object(members) => members.iter().any(|(_, node)| Self::is_needed(node)),
            Content::List(elements) => elements.iter().any(Self::is_needed),
        }
    }

    /// The arguments of `command`. `command_word` is the index of the word that names it.
    pub(crate) fn command(&mut self, command: &str, arguments: &Node) -> Map<String, Value> {
        let value = match self.schema.command(command) {
            Some(found) => self.value(arguments, &found.arg_type, ""),
            None => {
                let text = match self.schema.similar_command(command) {
                    Some(name) => {
                        format!("the server has no `{command}`; did you mean `{name}`?")
                    }
                    None => format!("the server has no command `{command}`"),
                };
                self.mistakes.push(Mistake::Command(text));
                plain(arguments)
            }
        };
        match value {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn mistake(&mut self, node: &Node, text: String) -> Value {
        self.mistakes.push(Mistake::Word(node.word, text));
        plain(node)
    }

    /// The value of `node` as one of the type `type_name`. `path` names it in messages.
    pub(crate) fn value(&mut self, node: &Node, type_name: &str, path: &str) -> Value {
        let schema = self.schema;
        let Some(kind) = schema.kind(type_name) else { return plain(node) };
        match (kind, &node.content) {
            (SchemaInfoKind::Object(object), Content::Object(members)) => {
                self.object(node, members, object, path)
            }
            (SchemaInfoKind::Array(array), Content::List(elements)) => {
                let elements = elements.iter().enumerate().map(|(index, element)| {
                    self.value(element, &array.element_type, &format!("{path}.{index}"))
                });
                elements.collect()
            }
            (SchemaInfoKind::Enum(values), _) => match node.text() {
                Some(text) if values.values.iter().any(|value| value == text) => text.into(),
                Some(text) => {
                    let text = format!("`{path}` cannot be `{text}`; {}", one_of(&values.values));
                    self.mistake(node, text)
                }
                None => self.mistake(node, format!("`{path}` is a string")),
            },
            (SchemaInfoKind::Builtin(builtin), _) => match scalar(node, builtin.json_type) {
                Some(value) => value,
                None => {
                    let text = format!("`{path}` is {}", article(builtin.json_type));
                    self.mistake(node, text)
                }
            },
            (SchemaInfoKind::Alternate(alternate), _) => {
                let names = alternate.members.iter().map(|member| &member.alternative_type);
                match names
                    .filter(|name| self.accepts(node, name))
                    .min_by_key(|name| self.rank(name))
                {
                    Some(name) => self.value(node, name, path),
                    None => self.mistake(node, format!("`{path}` has none of its types")),
                }
            }
            (SchemaInfoKind::Object(_), _) => {
                self.mistake(node, format!("`{path}` is an object; write {path}.KEY=VALUE"))
            }
            (SchemaInfoKind::Array(_), _) => {
                self.mistake(node, format!("`{path}` is a list; write {path}.0=VALUE"))
            }
            (SchemaInfoKind::Command(_) | SchemaInfoKind::Event(_), _) => plain(node),
        }
    }

    fn object(
        &mut self,
        node: &Node,
        given: &[(String, Node)],
        object: &'a SchemaInfoObject,
        path: &str,
    ) -> Value {
        let schema = self.schema;
        let tag = object.tag.as_ref().and_then(|tag| node.member(tag)?.text());
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let mut members = Map::new();
        for (key, value) in given {
            let path = below(key);
            let member = schema.members(object, tag).find(|member| member.name == *key);
            let value = match member {
                Some(member) => self.value(value, &member.member_type, &path),
                None => {
                    let names: Vec<_> =
                        schema.members(object, tag).map(|member| member.name.clone()).collect();
                    self.mistake(value, format!("there is no `{path}`; {}", one_of(&names)))
                }
            };
            members.insert(key.clone(), value);
        }
        for member in schema.members(object, tag) {
            if member.default.is_none() && !members.contains_key(&member.name) {
                let text = format!("`{}` is missing", below(&member.name));
                self.mistakes.push(Mistake::Missing(text));
            }
        }
        Value::Object(members)
    }

    /// Whether a value can be of this type, by its JSON type alone.
    fn accepts(&self, node: &Node, type_name: &str) -> bool {
        match self.schema.kind(type_name) {
            Some(SchemaInfoKind::Object(_)) => matches!(node.content, Content::Object(_)),
            Some(SchemaInfoKind::Array(_)) => matches!(node.content, Content::List(_)),
            Some(SchemaInfoKind::Enum(_)) => node.text().is_some(),
            Some(SchemaInfoKind::Builtin(builtin)) => scalar(node, builtin.json_type).is_some(),
            _ => false,
        }
    }

    /// The order in which alternatives are tried: those that accept less text come first.
    fn rank(&self, type_name: &str) -> usize {
        match self.schema.kind(type_name) {
            Some(SchemaInfoKind::Builtin(builtin)) if builtin.json_type == JsonType::String => 2,
            Some(SchemaInfoKind::Enum(_)) => 1,
            _ => 0,
        }
    }
}

/// The value of `node` as one of a built-in type.
fn scalar(node: &Node, json_type: JsonType) -> Option<Value> {
    if let Content::Text(text) = &node.content {
        return match json_type {
            JsonType::String => Some(text.as_str().into()),
            JsonType::Value => Some(plain_text(text)),
            _ => Some(plain_text(text)).filter(|value| is_of(value, json_type)),
        };
    }
    Some(plain(node)).filter(|value| is_of(value, json_type))
}

fn is_of(value: &Value, json_type: JsonType) -> bool {
    match json_type {
        JsonType::String => value.is_string(),
        JsonType::Number => value.is_number(),
        JsonType::Int => value.as_number().is_some_and(|number| !Number::is_f64(number)),
        JsonType::Boolean => value.is_boolean(),
        JsonType::Null => value.is_null(),
        JsonType::Object => value.is_object(),
        JsonType::Array => value.is_array(),
        JsonType::Value => true,
    }
}

/// The JSON type in words.
pub(crate) fn article(json_type: JsonType) -> &'static str {
    match json_type {
        JsonType::String => "a string",
        JsonType::Number => "a number",
        JsonType::Int => "an integer",
        JsonType::Boolean => "true or false",
        JsonType::Null => "null",
        JsonType::Object => "an object",
        JsonType::Array => "a list",
        JsonType::Value => "any value",
    }
}

/// The most names that a message lists.
const MAX_LISTED: usize = 12;

/// What to write instead: one of `names`.
fn one_of(names: &[String]) -> String {
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    match sorted.len() {
        0 => "nothing may be given here".to_owned(),
        1..=MAX_LISTED => format!("write one of: {}", sorted.join(", ")),
        count => format!(
            "write one of: {} and {} more",
            sorted[..MAX_LISTED].join(", "),
            count - MAX_LISTED
        ),
    }
}
