//! Pragmas: what the author allows.

use std::collections::HashSet;

use crate::finding::Finding;
use crate::source::Span;
use crate::value::{Entry, Node, Value};

/// The pragmas of a schema. They hold for all of its files.
#[derive(Debug, Default)]
pub(crate) struct Pragmas {
    /// Whether every definition must have documentation.
    pub(crate) doc_required: bool,
    /// Commands whose names may contain `_`.
    pub(crate) command_name_exceptions: HashSet<String>,
    /// Commands that may return other values than objects.
    pub(crate) command_returns_exceptions: HashSet<String>,
    /// Definitions whose members may lack documentation.
    pub(crate) documentation_exceptions: HashSet<String>,
    /// Types whose members may contain upper case letters and `_`.
    pub(crate) member_name_exceptions: HashSet<String>,
}

/// The names of all pragmas, for messages.
const NAMES: &str = "`doc-required`, `command-name-exceptions`, `command-returns-exceptions`, \
                     `documentation-exceptions`, `member-name-exceptions`";

impl Pragmas {
    /// Adds the pragmas of a directive. A list replaces an earlier one of the same name.
    pub(crate) fn add(&mut self, span: Span, object: &[Entry]) -> Vec<Finding> {
        let [Entry { node, .. }] = object else {
            let error = Finding::error(span, "invalid `pragma` directive");
            return vec![error.help("write nothing beside `pragma`")];
        };
        let Some(pragmas) = node.as_object() else {
            let error = Finding::error(span, "value of `pragma` must be an object").at(node.span);
            return vec![
                error.help(format!("write `{{ 'NAME': VALUE }}` with a NAME of {NAMES}")),
            ];
        };
        pragmas.iter().filter_map(|pragma| self.add_one(span, pragma)).collect()
    }

    fn add_one(&mut self, span: Span, Entry { key, key_span, node }: &Entry) -> Option<Finding> {
        let list = match key.as_str() {
            "doc-required" => match &node.value {
                Value::Bool(value) => {
                    self.doc_required = *value;
                    return None;
                }
                Value::String(_) | Value::Array(_) | Value::Object(_) => {
                    let error = Finding::error(span, "pragma `doc-required` must be boolean");
                    return Some(error.at(node.span).help("write `true` or `false`"));
                }
            },
            "command-name-exceptions" => &mut self.command_name_exceptions,
            "command-returns-exceptions" => &mut self.command_returns_exceptions,
            "documentation-exceptions" => &mut self.documentation_exceptions,
            "member-name-exceptions" => &mut self.member_name_exceptions,
            _ => {
                let error = Finding::error(span, format!("unknown pragma `{key}`")).at(*key_span);
                return Some(error.help(format!("write one of {NAMES}")));
            }
        };
        let names = node.as_array().unwrap_or_default();
        let texts: Vec<_> = names.iter().filter_map(Node::as_str).map(str::to_owned).collect();
        if node.as_array().is_none() || texts.len() < names.len() {
            let message = format!("pragma `{key}` must be a list of strings");
            return Some(
                Finding::error(span, message).at(node.span).help("write `['NAME', ...]`"),
            );
        }
        *list = texts.into_iter().collect();
        None
    }
}
