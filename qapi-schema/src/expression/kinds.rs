//! The parts of each kind of definition.

use super::Checker;
use super::names::Letters;
use super::parts::Long;
use crate::model::{Arguments, Branch, Command, EnumValue, Kind, Members, Name};
use crate::value::{Entry, Node, Value, get};

impl Checker<'_> {
    /// The kind with its data. `kind` is the key that names the definition.
    pub(super) fn kind(&mut self, kind: &str, name: &str, object: &[Entry]) -> Option<Kind> {
        let (required, optional): (&[&str], &[&str]) = match kind {
            "enum" => (&["enum", "data"], &["if", "features", "prefix"]),
            "struct" => (&["struct", "data"], &["base", "if", "features"]),
            "union" => (&["union", "base", "discriminator", "data"], &["if", "features"]),
            "alternate" => (&["alternate", "data"], &["if", "features"]),
            "command" => (
                &["command"],
                &[
                    "data",
                    "returns",
                    "boxed",
                    "if",
                    "features",
                    "gen",
                    "success-response",
                    "allow-oob",
                    "allow-preconfig",
                    "coroutine",
                ],
            ),
            _ => (&["event"], &["data", "boxed", "if", "features"]),
        };
        let place = get(object, kind).map_or(self.place, |node| node.span);
        if !self.keys(object, place, kind, required, optional) {
            return None;
        }
        let permissive = self.pragmas.member_name_exceptions.contains(name);
        let data = get(object, "data");
        match kind {
            "enum" => self.enumeration(object, data?, permissive),
            "struct" => {
                let members = self.members(data?, "`data`", permissive);
                let base = match get(object, "base") {
                    Some(base) => Some(self.type_name(base, "`base`")?),
                    None => None,
                };
                Some(Kind::Struct { base, members: members? })
            }
            "union" => self.union(object, data?, permissive),
            "alternate" => self.alternate(data?),
            "command" => self.command(name, object),
            _ => {
                let data = self.arguments(object);
                self.flags(object);
                Some(Kind::Event { data: data? })
            }
        }
    }

    fn enumeration(&mut self, object: &[Entry], data: &Node, permissive: bool) -> Option<Kind> {
        let Some(listed) = data.as_array() else {
            self.report(data.span, "`data` must be an array", "write `['VALUE', ...]`");
            return None;
        };
        let prefix = match get(object, "prefix") {
            Some(node) if node.as_str().is_none() => {
                self.report(node.span, "`prefix` must be a string", "write `'PREFIX'`");
                None
            }
            node => node.and_then(Node::as_str).map(str::to_owned),
        };
        let values = listed.iter().filter_map(|node| self.value(node, permissive)).collect();
        Some(Kind::Enum { prefix, values })
    }

    fn value(&mut self, node: &Node, permissive: bool) -> Option<EnumValue> {
        let what = "`data` member";
        let Long { value, entries } = self.long(node, what, "name", &["if", "features"])?;
        let text = self.string(value, what)?;
        let what = format!("{what} `{text}`");
        // A value may begin with a digit.
        let starts_with_digit = text.starts_with(|first: char| first.is_ascii_digit());
        let checked = if starts_with_digit { format!("d{text}") } else { text.to_owned() };
        let before = self.findings.len();
        self.lower_name(&checked, value.span, &what, Letters::all_if(permissive));
        if let Some(found) = self.findings.get_mut(before).filter(|_| starts_with_digit) {
            found.help = found.help.take().map(|help| help.replacen("`d", "`", 1));
        }
        let condition = self.condition(entries, &what);
        let features = self.features(entries);
        let name = Name { text: text.to_owned(), span: value.span };
        Some(EnumValue { name, condition, features })
    }

    fn union(&mut self, object: &[Entry], data: &Node, permissive: bool) -> Option<Kind> {
        let base = match get(object, "base")? {
            listed @ Node { value: Value::Object(_), .. } => {
                self.members(listed, "`base`", permissive).map(Members::Listed)
            }
            node if node.as_str().is_none() => {
                let message = "`base` should be an object or type name";
                self.report(node.span, message, "write `'NAME'` or `{ 'NAME': 'TYPE', ... }`");
                None
            }
            node => self.type_name(node, "`base`").map(Members::Of),
        };
        let selected_by = get(object, "discriminator")?;
        let discriminator = self.string(selected_by, "`discriminator`");
        let branches = self.branches(data, false);
        let discriminator = Name { text: discriminator?.to_owned(), span: selected_by.span };
        Some(Kind::Union { base: base?, discriminator, branches: branches? })
    }

    fn alternate(&mut self, data: &Node) -> Option<Kind> {
        let is_empty = match &data.value {
            Value::Bool(value) => !value,
            Value::String(text) => text.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            Value::Object(entries) => entries.is_empty(),
        };
        if is_empty {
            self.report(data.span, "`data` must not be empty", "write `{ 'NAME': 'TYPE', ... }`");
            return None;
        }
        Some(Kind::Alternate { alternatives: self.branches(data, true)? })
    }

    /// Branches of a union, or alternatives, which may be arrays.
    fn branches(&mut self, data: &Node, alternatives: bool) -> Option<Vec<Branch>> {
        let Some(entries) = data.as_object() else {
            self.report(data.span, "`data` must be an object", "write `{ 'NAME': 'TYPE', ... }`");
            return None;
        };
        let branches: Vec<_> =
            entries.iter().map(|entry| self.branch(entry, alternatives)).collect();
        branches.into_iter().collect()
    }

    fn branch(&mut self, entry: &Entry, alternative: bool) -> Option<Branch> {
        let what = format!("`data` member `{}`", entry.key);
        if alternative {
            self.lower_name(&entry.key, entry.key_span, &what, Letters::LOWER);
        }
        let Long { value, entries } = self.long(&entry.node, &what, "type", &["if"])?;
        let condition = self.condition(entries, &what);
        let ty = if alternative {
            self.type_or_array(value, &what)?
        } else {
            self.type_name(value, &what)?
        };
        let name = Name { text: entry.key.clone(), span: entry.key_span };
        Some(Branch { name, ty, condition })
    }

    fn command(&mut self, name: &str, object: &[Entry]) -> Option<Kind> {
        let data = self.arguments(object);
        let returns = get(object, "returns").map(|node| self.type_or_array(node, "`returns`"));
        self.flags(object);
        let is = |flag: &str| get(object, flag).is_some();
        let returns = match returns {
            Some(returns) => Some(returns?),
            None => None,
        };
        Some(Kind::Command(Command {
            data: data?,
            returns,
            r#gen: !is("gen"),
            success_response: !is("success-response"),
            allow_oob: is("allow-oob"),
            allow_preconfig: is("allow-preconfig"),
            coroutine: is("coroutine"),
            returns_exception: self.pragmas.command_returns_exceptions.contains(name),
        }))
    }

    /// The arguments of a command or the data of an event.
    fn arguments(&mut self, object: &[Entry]) -> Option<Arguments> {
        let boxed = get(object, "boxed").filter(|node| is_true(node));
        let members = match (get(object, "data"), boxed) {
            (None, Some(flag)) => {
                let help = "add `data` with the name of a struct or union, or remove `boxed`";
                self.report(flag.span, "`boxed`: true requires `data`", help);
                return None;
            }
            (None, None) => None,
            (Some(data), Some(_)) => Some(Members::Of(self.type_name(data, "`data`")?)),
            (Some(data), None) if data.as_str().is_some() => {
                Some(Members::Of(self.type_name(data, "`data`")?))
            }
            (Some(data), None) => Some(Members::Listed(self.members(data, "`data`", false)?)),
        };
        Some(Arguments { members, boxed: boxed.is_some() })
    }

    /// Flags have one value each, which is not their default.
    fn flags(&mut self, object: &[Entry]) {
        let flags = [
            ("gen", false),
            ("success-response", false),
            ("boxed", true),
            ("allow-oob", true),
            ("allow-preconfig", true),
            ("coroutine", true),
        ];
        for (flag, legal) in flags {
            let Some(node) = get(object, flag) else { continue };
            if node.value != Value::Bool(legal) {
                let message = format!("flag `{flag}` may only use {legal} value");
                let help = format!("write `{legal}`, or remove the key");
                self.report(node.span, message, help);
            }
        }
        if let (Some(_), Some(node)) = (get(object, "allow-oob"), get(object, "coroutine")) {
            let message = "flags `allow-oob` and `coroutine` are incompatible";
            self.report(node.span, message, "remove one of them");
        }
    }
}

fn is_true(node: &Node) -> bool {
    node.value == Value::Bool(true)
}
