//! Parts that several kinds of definition have: keys, conditions, features, names of types and
//! members.

use super::Checker;
use super::names::Letters;
use crate::limits::MAX_NESTING;
use crate::model::{Condition, Feature, Member, Name, TypeName};
use crate::source::Span;
use crate::value::{Entry, Node, Value, get};

/// An element that may be written as its value alone: `'name'` for `{ 'name': 'name' }`.
pub(super) struct Long<'n> {
    /// The value of the main key.
    pub(super) value: &'n Node,
    /// All members; none for the short form.
    pub(super) entries: &'n [Entry],
}

impl Checker<'_> {
    /// Checks the keys of an object: those that it must have, and those that it may have.
    pub(super) fn keys(
        &mut self,
        entries: &[Entry],
        place: Span,
        what: &str,
        required: &[&str],
        optional: &[&str],
    ) -> bool {
        let quoted = |keys: Vec<&str>| {
            keys.into_iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        };
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let missing: Vec<_> =
            required.iter().copied().filter(|key| get(entries, key).is_none()).collect();
        let is_complete = missing.is_empty();
        if !is_complete {
            let message =
                format!("{what} misses key{} {}", plural(missing.len()), quoted(missing.clone()));
            self.report(place, message, format!("add {}", quoted(missing)));
        }
        let is_legal = |key: &&str| required.contains(key) || optional.contains(key);
        let unknown: Vec<_> =
            entries.iter().filter(|entry| !is_legal(&entry.key.as_str())).collect();
        let Some(first) = unknown.first() else { return is_complete };
        let names: Vec<_> = unknown.iter().map(|entry| entry.key.as_str()).collect();
        let message = format!("{what} has unknown key{} {}", plural(names.len()), quoted(names));
        let valid = [required, optional].concat();
        self.report(first.key_span, message, format!("valid keys are {}", quoted(valid)));
        false
    }

    /// An element in the short or in the long form.
    pub(super) fn long<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        main: &str,
        optional: &[&str],
    ) -> Option<Long<'n>> {
        let Some(entries) = node.as_object() else {
            return Some(Long { value: node, entries: &[] });
        };
        if !self.keys(entries, node.span, what, &[main], optional) {
            return None;
        }
        get(entries, main).map(|value| Long { value, entries })
    }

    /// The condition of an object.
    pub(super) fn condition(&mut self, entries: &[Entry], what: &str) -> Option<Condition> {
        self.condition_of(get(entries, "if")?, what, 0)
    }

    fn condition_of(&mut self, node: &Node, what: &str, depth: usize) -> Option<Condition> {
        match &node.value {
            Value::String(symbol) => {
                let is_symbol = symbol.starts_with(|first: char| first.is_ascii_uppercase())
                    && symbol.bytes().all(|byte| {
                        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
                    });
                if is_symbol {
                    return Some(Condition::Symbol(symbol.clone()));
                }
                let message =
                    format!("`if` condition `{symbol}` of {what} is not a valid identifier");
                let help = "write upper case letters, digits and `_`, as in `CONFIG_LINUX`";
                self.report(node.span, message, help);
                None
            }
            Value::Object(entries) if depth < MAX_NESTING => {
                self.operator(node, entries, what, depth)
            }
            Value::Object(_) | Value::Bool(_) | Value::Array(_) => {
                let message = format!("`if` condition of {what} must be a string or an object");
                let help = "write a symbol, or one of `{ 'all': [...] }`, `{ 'any': [...] }` and \
                            `{ 'not': ... }`";
                self.report(node.span, message, help);
                None
            }
        }
    }

    fn operator(
        &mut self,
        node: &Node,
        entries: &[Entry],
        what: &str,
        depth: usize,
    ) -> Option<Condition> {
        let owner = format!("`if` condition of {what}");
        if !self.keys(entries, node.span, &owner, &[], &["all", "any", "not"]) {
            return None;
        }
        let [Entry { key, node: operand, .. }] = entries else {
            let message = format!("`if` condition of {what} has conflicting keys");
            self.report(node.span, message, "write exactly one of `all`, `any` and `not`");
            return None;
        };
        if key == "not" {
            let operand = self.condition_of(operand, what, depth + 1)?;
            return Some(Condition::Not(Box::new(operand)));
        }
        let Some(operands) = operand.as_array() else {
            let message = format!("`{key}` condition of {what} must be an array");
            self.report(operand.span, message, "write the conditions between brackets");
            return None;
        };
        if operands.is_empty() {
            let message = format!("`if` condition [] of {what} is useless");
            self.report(operand.span, message, "remove the condition, or add one to the array");
            return None;
        }
        let operands: Vec<_> =
            operands.iter().map(|operand| self.condition_of(operand, what, depth + 1)).collect();
        let operands = operands.into_iter().collect::<Option<Vec<_>>>()?;
        Some(if key == "all" { Condition::All(operands) } else { Condition::Any(operands) })
    }

    /// The features of an object.
    pub(super) fn features(&mut self, entries: &[Entry]) -> Vec<Feature> {
        let Some(node) = get(entries, "features") else { return Vec::new() };
        let Some(listed) = node.as_array() else {
            self.report(node.span, "`features` must be an array", "write `['NAME', ...]`");
            return Vec::new();
        };
        listed.iter().filter_map(|node| self.feature(node)).collect()
    }

    fn feature(&mut self, node: &Node) -> Option<Feature> {
        let what = "`features` member";
        let Long { value, entries } = self.long(node, what, "name", &["if"])?;
        let text = self.string(value, what)?;
        let what = format!("{what} `{text}`");
        self.lower_name(text, value.span, &what, Letters::LOWER);
        let condition = self.condition(entries, &what);
        let name = Name { text: text.to_owned(), span: value.span };
        Some(Feature { name, condition })
    }

    /// The name of a type.
    pub(super) fn type_name(&mut self, node: &Node, what: &str) -> Option<TypeName> {
        let Some(name) = node.as_str() else {
            let help = "write the name of a type between single quotation marks";
            self.report(node.span, format!("{what} should be a type name"), help);
            return None;
        };
        Some(TypeName { name: name.to_owned(), is_array: false, span: node.span })
    }

    /// The name of a type, or an array.
    pub(super) fn type_or_array(&mut self, node: &Node, what: &str) -> Option<TypeName> {
        let Some(elements) = node.as_array() else {
            if node.as_str().is_none() {
                let message = format!("{what} should be a type name or array");
                let help = "write `'NAME'` or `['NAME']`; an object with members needs a struct";
                self.report(node.span, message, help);
                return None;
            }
            return self.type_name(node, what);
        };
        let [Node { value: Value::String(name), .. }] = elements else {
            let message = format!("{what}: array type must contain single type name");
            self.report(node.span, message, "write `['NAME']`");
            return None;
        };
        Some(TypeName { name: name.clone(), is_array: true, span: node.span })
    }

    /// A list of members. `permissive` allows upper case letters and `_` in their names.
    pub(super) fn members(
        &mut self,
        node: &Node,
        what: &str,
        permissive: bool,
    ) -> Option<Vec<Member>> {
        let Some(entries) = node.as_object() else {
            let message = format!("{what} should be an object or type name");
            let help = "write `{ 'NAME': 'TYPE', ... }`";
            self.report(node.span, message, help);
            return None;
        };
        let members: Vec<_> =
            entries.iter().map(|entry| self.member(entry, what, permissive)).collect();
        members.into_iter().collect()
    }

    fn member(&mut self, entry: &Entry, what: &str, permissive: bool) -> Option<Member> {
        let what = format!("{what} member `{}`", entry.key);
        let (optional, text) = match entry.key.strip_prefix('*') {
            Some(name) => (true, name),
            None => (false, entry.key.as_str()),
        };
        self.lower_name(text, entry.key_span, &what, Letters::all_if(permissive));
        let in_c = text.replace(['-', '.'], "_");
        if in_c == "u" || in_c.starts_with("has_") {
            let help = "rename it: generated code has `u` and `has_...` for its own members";
            self.report(entry.key_span, format!("{what} uses reserved name"), help);
        }
        let Long { value, entries } =
            self.long(&entry.node, &what, "type", &["if", "features"])?;
        let condition = self.condition(entries, &what);
        let features = self.features(entries);
        let ty = self.type_or_array(value, &what)?;
        let name = Name { text: text.to_owned(), span: entry.key_span };
        Some(Member { name, optional, ty, condition, features })
    }
}
