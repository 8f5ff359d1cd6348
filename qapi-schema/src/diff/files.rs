//! Interfaces from schema files.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::interface::{
    Command, EMPTY, Event, Interface, Member, Object, Part, Place, Scalar, Type, TypeIndex,
    TypeKind, Variants,
};
use crate::doc::{Doc, DocKind};
use crate::model::{
    self, Arguments, Branch, Condition, Definition, Feature, Kind, Members, Name, TypeName,
};
use crate::schema::Schema;
use crate::source::Span;
use crate::whole::by_name;

impl Interface {
    /// The interface of a schema file: every part, whatever its condition.
    ///
    /// # Errors
    /// The schema has errors, which [`Schema::findings`] has; returns an error text.
    pub fn from_schema(schema: &Schema) -> Result<Self, String> {
        if !schema.is_valid() {
            return Err("the schema has errors".to_owned());
        }
        let files = schema.sources().files().iter().map(|file| Arc::from(file.path())).collect();
        let mut reader = Reader {
            schema,
            files,
            names: by_name(schema.definitions()),
            indexes: HashMap::new(),
            queue: VecDeque::new(),
            interface: Self::new(true),
        };
        for definition in schema.definitions() {
            reader.call(definition);
        }
        // The queue, and no recursion: types may refer to each other in long chains.
        while let Some((index, pending)) = reader.queue.pop_front() {
            reader.interface.types[index] = Arc::new(reader.type_(&pending));
        }
        Ok(reader.interface)
    }
}

/// A type that has an index and no contents yet.
enum Pending<'s> {
    Builtin(Scalar),
    /// An array of elements of this type.
    Array(&'s str),
    Defined(&'s Definition),
    /// Members that a command or event lists.
    Listed(&'s Definition, &'s [model::Member]),
}

struct Reader<'s> {
    schema: &'s Schema,
    files: Vec<Arc<str>>,
    names: HashMap<&'s str, &'s Definition>,
    /// The types that have an index, by name; arrays by that of the elements.
    indexes: HashMap<(&'s str, bool), TypeIndex>,
    queue: VecDeque<(TypeIndex, Pending<'s>)>,
    interface: Interface,
}

impl<'s> Reader<'s> {
    fn call(&mut self, definition: &'s Definition) {
        let name = definition.name.text.clone();
        let part = self.part_of(definition);
        match &definition.kind {
            Kind::Command(command) => {
                let command = Command {
                    part,
                    arguments: self.arguments(definition, &command.data),
                    returns: command.returns.as_ref().map_or(EMPTY, |ty| self.index(ty)),
                    allow_oob: command.allow_oob,
                    allow_preconfig: command.allow_preconfig,
                    success_response: command.success_response,
                };
                self.interface.commands.insert(name, command);
            }
            Kind::Event { data } => {
                let event = Event { part, data: self.arguments(definition, data) };
                self.interface.events.insert(name, event);
            }
            Kind::Enum { .. }
            | Kind::Struct { .. }
            | Kind::Union { .. }
            | Kind::Alternate { .. } => {}
        }
    }

    fn arguments(&mut self, owner: &'s Definition, data: &'s Arguments) -> TypeIndex {
        match &data.members {
            None => EMPTY,
            Some(Members::Of(ty)) => self.index(ty),
            Some(Members::Listed(members)) => self.push(Pending::Listed(owner, members)),
        }
    }

    fn push(&mut self, pending: Pending<'s>) -> TypeIndex {
        let index = self.interface.types.len();
        // The contents follow when the queue comes to it.
        self.interface.types.push(self.interface.types[EMPTY].clone());
        self.queue.push_back((index, pending));
        index
    }

    fn index(&mut self, ty: &'s TypeName) -> TypeIndex {
        let name = ty.name.as_str();
        if ty.is_array {
            return self.known((name, true), Pending::Array(name));
        }
        self.named(name)
    }

    /// The index of a type, which is `pending` if it has none yet.
    fn known(&mut self, key: (&'s str, bool), pending: Pending<'s>) -> TypeIndex {
        if let Some(index) = self.indexes.get(&key) {
            return *index;
        }
        let index = self.push(pending);
        self.indexes.insert(key, index);
        index
    }

    /// The type of a name.
    fn named(&mut self, name: &'s str) -> TypeIndex {
        let pending = match self.names.get(name) {
            Some(definition) => Pending::Defined(definition),
            None => Pending::Builtin(builtin(name)),
        };
        self.known((name, false), pending)
    }

    fn type_(&mut self, pending: &Pending<'s>) -> Type {
        let unnamed = |kind| Type { part: Part::default(), name: None, kind };
        match pending {
            Pending::Builtin(scalar) => unnamed(TypeKind::Scalar(*scalar)),
            Pending::Array(element) => unnamed(TypeKind::Array(self.named(element))),
            Pending::Listed(owner, members) => {
                let members = members.iter().map(|member| self.member(owner, member)).collect();
                unnamed(TypeKind::Object(Object { members, variants: None }))
            }
            Pending::Defined(definition) => {
                let name = Some(definition.name.text.clone());
                let kind = self.defined(definition);
                Type { part: self.part_of(definition), name, kind }
            }
        }
    }

    fn defined(&mut self, definition: &'s Definition) -> TypeKind {
        match &definition.kind {
            Kind::Enum { values, .. } => {
                let value = |value: &model::EnumValue| {
                    let name = &value.name;
                    let part =
                        self.part(definition, name, &value.features, value.condition.as_ref());
                    (name.text.clone(), part)
                };
                TypeKind::Enum(values.iter().map(value).collect())
            }
            Kind::Struct { .. } => {
                let mut members = BTreeMap::new();
                self.members(definition, &mut members);
                TypeKind::Object(Object { members, variants: None })
            }
            Kind::Union { discriminator, branches, .. } => {
                let mut members = BTreeMap::new();
                self.members(definition, &mut members);
                let case =
                    |branch: &'s Branch| (branch.name.text.clone(), self.index(&branch.ty));
                let cases = branches.iter().map(case).collect();
                let variants = Some(Variants { tag: discriminator.text.clone(), cases });
                TypeKind::Object(Object { members, variants })
            }
            Kind::Alternate { alternatives } => {
                TypeKind::Alternate(alternatives.iter().map(|one| self.index(&one.ty)).collect())
            }
            Kind::Command(_) | Kind::Event { .. } => TypeKind::empty(),
        }
    }

    /// Adds the members of a struct or union, and those of its bases.
    fn members(&mut self, definition: &'s Definition, members: &mut BTreeMap<String, Member>) {
        let mut next = Some(definition);
        while let Some(definition) = next {
            let base = match &definition.kind {
                Kind::Struct { base, .. } => base.as_ref(),
                Kind::Union { base: Members::Of(base), .. } => Some(base),
                Kind::Union { base: Members::Listed(_), .. }
                | Kind::Enum { .. }
                | Kind::Alternate { .. }
                | Kind::Command(_)
                | Kind::Event { .. } => None,
            };
            for member in definition.listed_members() {
                let (name, member) = self.member(definition, member);
                members.insert(name, member);
            }
            next = base.and_then(|base| self.names.get(base.name.as_str()).copied());
        }
    }

    fn member(&mut self, owner: &'s Definition, member: &'s model::Member) -> (String, Member) {
        let condition = member.condition.as_ref();
        let part = self.part(owner, &member.name, &member.features, condition);
        let member = (member.name.text.clone(), member.optional, self.index(&member.ty));
        (member.0, Member { part, optional: member.1, ty: member.2 })
    }

    fn part(
        &self,
        owner: &Definition,
        name: &Name,
        features: &[Feature],
        condition: Option<&Condition>,
    ) -> Part {
        let doc = owner.doc.as_ref();
        let text = doc.and_then(|doc| doc.section(&DocKind::Member(name.text.clone())));
        Part {
            features: features.iter().map(|feature| feature.name.text.clone()).collect(),
            condition: condition.map(|condition| show(condition, false)),
            place: Some(self.place(name.span)),
            description: text.and_then(|section| first_sentence(&section.text)),
            since: None,
        }
    }

    fn part_of(&self, definition: &Definition) -> Part {
        let condition = definition.condition.as_ref();
        let part = self.part(definition, &definition.name, &definition.features, condition);
        let section = |kind| {
            let doc: Option<&Doc> = definition.doc.as_ref();
            doc.and_then(|doc| doc.section(&kind)).map(|section| section.text.clone())
        };
        let description = section(DocKind::Text).and_then(|text| first_sentence(&text));
        Part { description, since: section(DocKind::Tag("Since")), ..part }
    }

    fn place(&self, span: Span) -> Place {
        let file = self.files[span.file as usize].clone();
        Place { file, line: self.schema.sources().line(span) }
    }
}

/// The built-in type of a name. A valid schema has no other names without a definition.
fn builtin(name: &str) -> Scalar {
    let int = |bits: u32| Some((-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1));
    let unsigned = |bits: u32| Some((0, (1_i128 << bits) - 1));
    match name {
        "str" => Scalar::String,
        "number" => Scalar::Number,
        "bool" => Scalar::Boolean,
        "null" => Scalar::Null,
        "int" | "int64" => Scalar::Int(int(64)),
        "int8" => Scalar::Int(int(8)),
        "int16" => Scalar::Int(int(16)),
        "int32" => Scalar::Int(int(32)),
        "uint8" => Scalar::Int(unsigned(8)),
        "uint16" => Scalar::Int(unsigned(16)),
        "uint32" => Scalar::Int(unsigned(32)),
        "uint64" | "size" => Scalar::Int(unsigned(64)),
        _ => Scalar::Any,
    }
}

/// A condition in words, with parentheses if another condition contains it.
fn show(condition: &Condition, is_part: bool) -> String {
    let join = |parts: &[Condition], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| show(part, true)).collect();
        let text = parts.join(word);
        if is_part && parts.len() > 1 { format!("({text})") } else { text }
    };
    match condition {
        Condition::Symbol(symbol) => symbol.clone(),
        Condition::All(parts) => join(parts, " and "),
        Condition::Any(parts) => join(parts, " or "),
        Condition::Not(part) => format!("not {}", show(part, true)),
    }
}

/// The first sentence of documentation, on one line; `None` if there is no text.
fn first_sentence(text: &str) -> Option<String> {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.split_whitespace().collect();
    let line = words.join(" ");
    let sentence = line.split_once(". ").map_or(line.as_str(), |(first, _)| first);
    let sentence = sentence.trim_end_matches('.');
    (!sentence.is_empty()).then(|| sentence.to_owned())
}
