//! Schema files from introspection: what a server tells of its schema, in the schema language.
//!
//! A server shows no names of types, only numbers. The names are made up: a command's return type
//! is `CommandReturn`, and the type of a member is named by its owner and the member. Conditions,
//! documentation and the widths of integers are not part of introspection.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use qapi_core::introspection::info::{
    SchemaInfo, SchemaInfoAlternate, SchemaInfoCommand, SchemaInfoEnum, SchemaInfoKind,
    SchemaInfoObject, SchemaInfoObjectMember,
};

use crate::format::format;
use crate::words::{camel, is_dashed};

/// The text of a schema file with the commands, events and types of an introspection.
///
/// # Errors
/// The introspection refers to a type that it does not have, or a name cannot be written; returns
/// an error text.
pub fn reconstruct(entities: &[SchemaInfo]) -> Result<String, String> {
    let mut writer = Writer::new(entities);
    for entity in entities {
        match &entity.meta_type {
            SchemaInfoKind::Command(command) => writer.command(entity, command)?,
            SchemaInfoKind::Event(event) => {
                let mut members = vec![("event", quote(&entity.name)?)];
                members.extend(writer.arguments(&entity.name, &event.arg_type)?);
                writer.add(members, entity)?;
            }
            SchemaInfoKind::Builtin(_)
            | SchemaInfoKind::Enum(_)
            | SchemaInfoKind::Array(_)
            | SchemaInfoKind::Object(_)
            | SchemaInfoKind::Alternate(_) => {}
        }
    }
    while let Some(entity) = writer.queue.pop_front() {
        writer.type_(entity)?;
    }
    let text = writer.finish()?;
    format("schema", &text).map_err(|refused| {
        refused.findings.into_iter().map(|found| found.message).collect::<Vec<_>>().join("; ")
    })
}

struct Writer<'i> {
    entities: HashMap<&'i str, &'i SchemaInfo>,
    /// How many members, arguments, return types and branches refer to each type.
    uses: HashMap<&'i str, usize>,
    /// The object that stands for "nothing", if there is one.
    nothing: Option<&'i str>,
    /// The names of types, by their names in the introspection.
    names: HashMap<&'i str, String>,
    taken: HashSet<String>,
    /// Types that have a name and no definition yet.
    queue: VecDeque<&'i SchemaInfo>,
    expressions: Vec<String>,
    /// What the pragmas allow, by pragma.
    exceptions: [(&'static str, BTreeSet<String>); 3],
}

/// The pragmas, by their index in [`Writer::exceptions`].
const COMMAND_NAMES: usize = 0;
const COMMAND_RETURNS: usize = 1;
const MEMBER_NAMES: usize = 2;

/// A member of an expression: the key and the text of the value.
type Part = (&'static str, String);

impl<'i> Writer<'i> {
    fn new(entities: &'i [SchemaInfo]) -> Self {
        let mut uses = HashMap::new();
        let mut nothing = None;
        let by_name: HashMap<_, _> =
            entities.iter().map(|entity| (entity.name.as_str(), entity)).collect();
        for entity in entities {
            for used in references(entity) {
                *uses.entry(used).or_default() += 1;
            }
            let results = match &entity.meta_type {
                SchemaInfoKind::Command(command) => vec![&command.ret_type, &command.arg_type],
                SchemaInfoKind::Event(event) => vec![&event.arg_type],
                _ => Vec::new(),
            };
            let empty = results.into_iter().map(String::as_str).find(|name| {
                by_name.get(name).is_some_and(|found| {
                    matches!(&found.meta_type, SchemaInfoKind::Object(object)
                        if object.members.is_empty() && object.variants.is_none())
                })
            });
            nothing = nothing.or(empty);
        }
        let exceptions = [
            ("command-name-exceptions", BTreeSet::new()),
            ("command-returns-exceptions", BTreeSet::new()),
            ("member-name-exceptions", BTreeSet::new()),
        ];
        Self {
            entities: by_name,
            uses,
            nothing,
            names: HashMap::new(),
            taken: HashSet::new(),
            queue: VecDeque::new(),
            expressions: Vec::new(),
            exceptions,
        }
    }

    fn finish(self) -> Result<String, String> {
        let mut pragmas = Vec::new();
        for (pragma, names) in self.exceptions.iter().filter(|(_, names)| !names.is_empty()) {
            let names: Result<Vec<_>, _> = names.iter().map(|name| quote(name)).collect();
            pragmas.push(format!("'{pragma}': [{}]", names?.join(", ")));
        }
        let mut expressions = self.expressions;
        if !pragmas.is_empty() {
            expressions.insert(0, format!("{{ 'pragma': {{ {} }} }}", pragmas.join(", ")));
        }
        Ok(expressions.join("\n\n"))
    }

    fn add(&mut self, mut parts: Vec<Part>, entity: &SchemaInfo) -> Result<(), String> {
        parts.extend(features(entity.features.as_deref())?.map(|list| ("features", list)));
        let parts: Vec<_> =
            parts.into_iter().map(|(key, value)| format!("'{key}': {value}")).collect();
        self.expressions.push(format!("{{ {} }}", parts.join(", ")));
        Ok(())
    }

    fn entity(&self, name: &str) -> Result<&'i SchemaInfo, String> {
        self.entities.get(name).copied().ok_or_else(|| format!("there is no type `{name}`"))
    }

    fn command(
        &mut self,
        entity: &'i SchemaInfo,
        command: &'i SchemaInfoCommand,
    ) -> Result<(), String> {
        let name = &entity.name;
        if name.contains('_') {
            self.exceptions[COMMAND_NAMES].1.insert(name.clone());
        }
        let mut parts = vec![("command", quote(name)?)];
        parts.extend(self.arguments(name, &command.arg_type)?);
        if self.nothing != Some(&command.ret_type) {
            let ty = self.type_of(&command.ret_type, || format!("{}Return", camel(name)))?;
            parts.push(("returns", ty));
            let returned = self.entity(&command.ret_type)?;
            let element = match &returned.meta_type {
                SchemaInfoKind::Array(array) => self.entity(&array.element_type)?,
                _ => returned,
            };
            if !matches!(element.meta_type, SchemaInfoKind::Object(_)) {
                self.exceptions[COMMAND_RETURNS].1.insert(name.clone());
            }
        }
        if command.allow_oob == Some(true) {
            parts.push(("allow-oob", "true".to_owned()));
        }
        self.add(parts, entity)
    }

    /// The arguments of a command or event: listed if no other definition has them.
    fn arguments(&mut self, owner: &str, ty: &'i str) -> Result<Vec<Part>, String> {
        if self.nothing == Some(ty) {
            return Ok(Vec::new());
        }
        let SchemaInfoKind::Object(object) = &self.entity(ty)?.meta_type else {
            return Err(format!("the arguments of `{owner}` are no object"));
        };
        let is_plain = object.members.iter().all(|member| is_dashed(&member.name));
        let is_own = self.uses.get(ty) == Some(&1) && !has_name(ty);
        if object.variants.is_none() && is_own && is_plain {
            let members = self.members(&camel(owner), &object.members)?;
            return Ok(vec![("data", members)]);
        }
        let data = self.type_of(ty, || format!("{}Arguments", camel(owner)))?;
        let boxed = object.variants.is_some().then(|| ("boxed", "true".to_owned()));
        Ok([("data", data)].into_iter().chain(boxed).collect())
    }

    /// The text for a type. A type without a name gets one from `suggest`.
    fn type_of(
        &mut self,
        ty: &'i str,
        suggest: impl FnOnce() -> String,
    ) -> Result<String, String> {
        let entity = self.entity(ty)?;
        match &entity.meta_type {
            SchemaInfoKind::Builtin(_) => quote(ty),
            SchemaInfoKind::Array(array) => {
                let element = self.entity(&array.element_type)?;
                if let SchemaInfoKind::Array(_) = element.meta_type {
                    return Err(format!("`{ty}` is a list of lists"));
                }
                Ok(format!("[{}]", self.type_of(&array.element_type, suggest)?))
            }
            SchemaInfoKind::Command(_) | SchemaInfoKind::Event(_) => {
                Err(format!("`{ty}` is no type"))
            }
            SchemaInfoKind::Enum(_)
            | SchemaInfoKind::Object(_)
            | SchemaInfoKind::Alternate(_) => {
                if !self.names.contains_key(ty) {
                    let name = if has_name(ty) { ty.to_owned() } else { suggest() };
                    let name = self.free(name);
                    self.names.insert(ty, name);
                    self.queue.push_back(entity);
                }
                quote(&self.names[ty])
            }
        }
    }

    /// The name, or one like it that no other type has.
    fn free(&mut self, name: String) -> String {
        let has_lower = name.bytes().any(|byte| byte.is_ascii_lowercase());
        let name = if has_lower && !name.ends_with("List") { name } else { name + "Type" };
        let mut free = name.clone();
        let mut number = 2;
        while !self.taken.insert(free.clone()) {
            free = format!("{name}{number}");
            number += 1;
        }
        free
    }

    fn type_(&mut self, entity: &'i SchemaInfo) -> Result<(), String> {
        let name = self.names[entity.name.as_str()].clone();
        let parts = match &entity.meta_type {
            SchemaInfoKind::Enum(data) => self.enumeration(&name, data)?,
            SchemaInfoKind::Object(object) => self.object(&name, object)?,
            SchemaInfoKind::Alternate(alternate) => self.alternate(&name, alternate)?,
            SchemaInfoKind::Builtin(_)
            | SchemaInfoKind::Array(_)
            | SchemaInfoKind::Command(_)
            | SchemaInfoKind::Event(_) => return Ok(()),
        };
        self.add(parts, entity)
    }

    fn enumeration(&mut self, name: &str, data: &SchemaInfoEnum) -> Result<Vec<Part>, String> {
        let mut values = Vec::new();
        for member in &data.members {
            self.except(name, &member.name);
            let value = quote(&member.name)?;
            values.push(match features(member.features.as_deref())? {
                None => value,
                Some(features) => format!("{{ 'name': {value}, 'features': {features} }}"),
            });
        }
        Ok(vec![("enum", quote(name)?), ("data", format!("[{}]", values.join(", ")))])
    }

    fn object(&mut self, name: &str, object: &'i SchemaInfoObject) -> Result<Vec<Part>, String> {
        for member in &object.members {
            self.except(name, &member.name);
        }
        let members = self.members(name, &object.members)?;
        let (Some(variants), Some(tag)) = (&object.variants, &object.tag) else {
            return Ok(vec![("struct", quote(name)?), ("data", members)]);
        };
        let mut branches = Vec::new();
        for variant in variants {
            if self.nothing != Some(&variant.variant_type) {
                let suggest = || format!("{name}{}", camel(&variant.case));
                let ty = self.type_of(&variant.variant_type, suggest)?;
                branches.push(format!("{}: {ty}", quote(&variant.case)?));
            }
        }
        Ok(vec![
            ("union", quote(name)?),
            ("base", members),
            ("discriminator", quote(tag)?),
            ("data", braces(&branches)),
        ])
    }

    fn alternate(
        &mut self,
        name: &str,
        alternate: &'i SchemaInfoAlternate,
    ) -> Result<Vec<Part>, String> {
        let mut alternatives = Vec::new();
        for member in &alternate.members {
            let ty = member.alternative_type.as_str();
            let word = match &self.entity(ty)?.meta_type {
                SchemaInfoKind::Builtin(_) => ty,
                SchemaInfoKind::Enum(_) => "enum",
                SchemaInfoKind::Array(_) => "list",
                SchemaInfoKind::Object(_)
                | SchemaInfoKind::Alternate(_)
                | SchemaInfoKind::Command(_)
                | SchemaInfoKind::Event(_) => "object",
            };
            let ty = self.type_of(ty, || format!("{name}{}", camel(word)))?;
            alternatives.push(format!("'{word}': {ty}"));
        }
        Ok(vec![("alternate", quote(name)?), ("data", braces(&alternatives))])
    }

    fn members(
        &mut self,
        owner: &str,
        members: &'i [SchemaInfoObjectMember],
    ) -> Result<String, String> {
        let mut texts = Vec::new();
        for member in members {
            let mark = if member.default.is_some() { "*" } else { "" };
            let key = quote(&format!("{mark}{}", member.name))?;
            let suggest = || format!("{owner}{}", camel(&member.name));
            let ty = self.type_of(&member.member_type, suggest)?;
            texts.push(match features(member.features.as_deref())? {
                None => format!("{key}: {ty}"),
                Some(features) => format!("{key}: {{ 'type': {ty}, 'features': {features} }}"),
            });
        }
        Ok(braces(&texts))
    }

    /// Allows a name of a member that is not in lower case.
    fn except(&mut self, owner: &str, name: &str) {
        if !is_dashed(name) {
            self.exceptions[MEMBER_NAMES].1.insert(owner.to_owned());
        }
    }
}

/// The types to which an entity refers.
fn references(entity: &SchemaInfo) -> Vec<&str> {
    match &entity.meta_type {
        SchemaInfoKind::Builtin(_) | SchemaInfoKind::Enum(_) => Vec::new(),
        SchemaInfoKind::Array(array) => vec![&array.element_type],
        SchemaInfoKind::Object(object) => {
            let members = object.members.iter().map(|member| member.member_type.as_str());
            let variants = object.variants.iter().flatten();
            members.chain(variants.map(|variant| variant.variant_type.as_str())).collect()
        }
        SchemaInfoKind::Alternate(alternate) => {
            alternate.members.iter().map(|member| member.alternative_type.as_str()).collect()
        }
        SchemaInfoKind::Command(command) => vec![&command.arg_type, &command.ret_type],
        SchemaInfoKind::Event(event) => vec![&event.arg_type],
    }
}

/// Whether a type has a name in the schema, and not only in the introspection.
fn has_name(name: &str) -> bool {
    !name.starts_with("q_") && name.starts_with(|first: char| first.is_ascii_alphabetic())
        || name.starts_with("__")
}

fn features(names: Option<&[String]>) -> Result<Option<String>, String> {
    let Some(names) = names.filter(|names| !names.is_empty()) else { return Ok(None) };
    let names: Result<Vec<_>, _> = names.iter().map(|name| quote(name)).collect();
    Ok(Some(format!("[{}]", names?.join(", "))))
}

fn braces(members: &[String]) -> String {
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}

/// The name as a string of the schema language.
fn quote(name: &str) -> Result<String, String> {
    let is_legal = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'\'' && byte != b'\\';
    if name.bytes().all(is_legal) {
        Ok(format!("'{name}'"))
    } else {
        Err(format!("the name {name:?} cannot be written in the schema language"))
    }
}
