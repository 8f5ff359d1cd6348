//! Completion of commands, arguments, values and ids.

use std::sync::Arc;
use std::time::Duration;

use qapi_core::introspection::info::{JsonType, SchemaInfoKind};
use reedline::{Completer, CompletionResult, Span, Suggestion};
use serde_json::{Map, Value};

use super::help::summary;
use super::input::OWN;
use super::line::{Word, split};
use super::link::Link;
use crate::arguments::{Content, Node, arguments, keys};
use crate::schema::Schema;

/// The time limit for ids from the server.
const ID_LIMIT: Duration = Duration::from_millis(500);

/// Completes a line by the schema of the server.
pub(super) struct SchemaCompleter {
    pub(super) link: Arc<Link>,
}

/// One way to complete a word: the whole word, its description, and whether the word is complete.
struct Choice {
    text: String,
    description: Option<String>,
    is_complete: bool,
}

impl Choice {
    fn complete(text: impl Into<String>) -> Self {
        Self { text: text.into(), description: None, is_complete: true }
    }
}

impl Completer for SchemaCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        CompletionResult::fresh(self.suggestions(line, pos))
    }
}

impl SchemaCompleter {
    /// The ways to complete the word that ends at `pos`.
    fn suggestions(&self, line: &str, pos: usize) -> Vec<Suggestion> {
        let Some(schema) = self.link.shared.schema() else { return Vec::new() };
        let Some(before) = line.get(..pos) else { return Vec::new() };
        let mut words = split(before).words;
        // After a space the word to complete is empty.
        let last = match words.pop_if(|word| word.end == pos) {
            Some(word) => word,
            None => Word { text: String::new(), start: pos, end: pos },
        };
        let rest = split(line.get(pos..).unwrap_or_default()).words;
        let choices = match words.split_first() {
            None => self.first_word(&schema),
            Some((first, given)) => {
                let given: Vec<&str> =
                    given.iter().chain(&rest).map(|word| word.text.as_str()).collect();
                self.argument(&schema, &first.text, &given, &last.text)
            }
        };
        let matching = choices.into_iter().filter(|choice| choice.text.starts_with(&last.text));
        matching.map(|choice| suggestion(choice, last.start, pos)).collect()
    }

    fn first_word(&self, schema: &Schema) -> Vec<Choice> {
        if self.link.shared.is_in_transaction() {
            return schema.actions().map(Choice::complete).collect();
        }
        let own = OWN.iter().map(|(name, purpose)| Choice {
            description: Some((*purpose).to_owned()),
            ..Choice::complete(*name)
        });
        schema.commands().map(Choice::complete).chain(own).collect()
    }

    fn argument(
        &self,
        schema: &Schema,
        command: &str,
        given: &[&str],
        word: &str,
    ) -> Vec<Choice> {
        let type_name = match command {
            "help" => return schema.commands().map(Choice::complete).collect(),
            "events" => return schema.events().map(Choice::complete).collect(),
            _ if self.link.shared.is_in_transaction() => schema.action_data(command),
            _ => schema.command(command).map(|command| command.arg_type.as_str()),
        };
        let Some(type_name) = type_name else { return Vec::new() };
        // A wrong word elsewhere must not prevent completion.
        let given = arguments(given).unwrap_or_else(|_| Node::empty(0));
        match word.split_once('=') {
            Some((path, _)) => self.value(schema, command, type_name, &given, path),
            None => members(schema, type_name, &given, word),
        }
    }

    /// The values of the member at `path`.
    fn value(
        &self,
        schema: &Schema,
        command: &str,
        type_name: &str,
        given: &Node,
        path: &str,
    ) -> Vec<Choice> {
        let keys = keys(path);
        let Some(found) = at(schema, type_name, Some(given), &keys) else { return Vec::new() };
        let values: Vec<String> = match schema.kind(found) {
            Some(SchemaInfoKind::Enum(values)) => values.values.clone(),
            Some(SchemaInfoKind::Builtin(builtin)) => match builtin.json_type {
                JsonType::Boolean => vec!["true".to_owned(), "false".to_owned()],
                JsonType::String => self.ids(schema, command, keys.last().unwrap_or(&"")),
                _ => Vec::new(),
            },
            // An alternative to the name of a node is its definition.
            Some(SchemaInfoKind::Alternate(_)) => self.ids(schema, command, "node-name"),
            _ => Vec::new(),
        };
        values.into_iter().map(|value| Choice::complete(format!("{path}={value}"))).collect()
    }

    /// The ids that the server knows for a string argument of this name.
    fn ids(&self, schema: &Schema, command: &str, key: &str) -> Vec<String> {
        let (query, member) = match key {
            "id" if command.starts_with("job-") => ("query-jobs", "id"),
            "device" if command.starts_with("block-job-") => ("query-jobs", "id"),
            "id" if command.starts_with("block-export-") => ("query-block-exports", "id"),
            "device" | "node" | "node-name" | "target" | "top" | "base" | "top-node"
            | "base-node" | "bottom" | "replaces" => ("query-named-block-nodes", "node-name"),
            _ => return Vec::new(),
        };
        if schema.command(query).is_none() || command.ends_with("-add") && key == member {
            return Vec::new();
        }
        let reply = self.link.call(query, Map::new(), Some(ID_LIMIT));
        let Ok(Value::Array(entries)) = reply else { return Vec::new() };
        let ids = entries.iter().filter_map(|entry| entry.get(member)?.as_str());
        // The names of internal nodes cannot be arguments.
        ids.filter(|id| !id.starts_with('#')).map(str::to_owned).collect()
    }
}

/// The members that may follow the dots of `word` and that are not given yet.
fn members(schema: &Schema, type_name: &str, given: &Node, word: &str) -> Vec<Choice> {
    let (prefix, path) = match word.rfind('.') {
        Some(dot) => (&word[..=dot], keys(&word[..dot])),
        None => ("", Vec::new()),
    };
    let node = path.iter().try_fold(given, |node, key| node.member(key));
    let Some(object) =
        at(schema, type_name, Some(given), &path).and_then(|name| object(schema, name))
    else {
        return Vec::new();
    };
    let tag = object.tag.as_ref().and_then(|tag| node?.member(tag)?.text());
    let is_given = |name: &str| node.is_some_and(|node| node.member(name).is_some());
    let missing = schema.members(object, tag).filter(|member| !is_given(&member.name));
    let mut choices: Vec<Choice> = missing
        .map(|member| Choice {
            text: format!("{prefix}{}{}", member.name, suffix(schema, &member.member_type)),
            description: Some(summary(schema, member)),
            is_complete: false,
        })
        .collect();
    choices.sort_by(|one, other| one.text.cmp(&other.text));
    choices
}

/// What follows the name of a member of this type.
fn suffix(schema: &Schema, type_name: &str) -> &'static str {
    match schema.kind(type_name) {
        Some(SchemaInfoKind::Object(_)) => ".",
        Some(SchemaInfoKind::Array(_)) => ".0",
        _ => "=",
    }
}

/// The object type of this name, or the alternative that is an object.
fn object<'a>(
    schema: &'a Schema,
    type_name: &str,
) -> Option<&'a qapi_core::introspection::info::SchemaInfoObject> {
    match schema.kind(type_name)? {
        SchemaInfoKind::Object(object) => Some(object),
        SchemaInfoKind::Alternate(alternate) => {
            let mut alternatives = alternate.members.iter();
            alternatives.find_map(|member| schema.object(&member.alternative_type))
        }
        _ => None,
    }
}

/// The type of the value at `path` below a value of the type `type_name`.
fn at<'a>(
    schema: &'a Schema,
    type_name: &'a str,
    given: Option<&Node>,
    path: &[&str],
) -> Option<&'a str> {
    let Some((key, rest)) = path.split_first() else { return Some(type_name) };
    if let Some(SchemaInfoKind::Array(array)) = schema.kind(type_name) {
        let index: usize = key.parse().ok()?;
        let element = match given.map(|node| &node.content) {
            Some(Content::List(elements)) => elements.get(index),
            _ => None,
        };
        return at(schema, &array.element_type, element, rest);
    }
    let object = object(schema, type_name)?;
    let tag = object.tag.as_ref().and_then(|tag| given?.member(tag)?.text());
    let member = schema.members(object, tag).find(|member| member.name == *key)?;
    at(schema, &member.member_type, given.and_then(|node| node.member(key)), rest)
}

fn suggestion(choice: Choice, start: usize, end: usize) -> Suggestion {
    Suggestion {
        value: choice.text,
        description: choice.description,
        span: Span::new(start, end),
        append_whitespace: choice.is_complete,
        ..Suggestion::default()
    }
}
