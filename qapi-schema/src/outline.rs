//! The definitions of a schema file in the form in which `qapi-core` has those of annotations, so
//! that the rules for the schema as a whole and introspection stand once.
//!
//! `qapi-core` has definitions for as long as a program runs. An outline therefore takes memory
//! that is not released: names and lists, without documentation. [`MAX_OUTLINED`] bounds it for the
//! whole process.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use qapi_core::schema::definition::{
    self as core, Alternate, AlternateMember, Builtin, DefinitionKind, Enum, Event, MemberShape,
    Part, Reference, Source, Struct, Type, TypeRef, Union,
};

use crate::limits::MAX_OUTLINED;
use crate::model::{
    Arguments, Branch, Command, Definition, EnumValue, Feature, Kind, Member, Members, TypeName,
};
use crate::source::Sources;

/// The number of definitions for which this process has outlines.
static OUTLINED: AtomicUsize = AtomicUsize::new(0);

/// The outlines of definitions, in their order.
///
/// # Errors
/// This process has outlined [`MAX_OUTLINED`] definitions; returns an error text.
pub(crate) fn outline<'d>(
    definitions: impl ExactSizeIterator<Item = &'d Definition> + Clone,
    sources: &Sources,
) -> Result<Vec<&'static core::Definition>, String> {
    let count = definitions.len();
    let before = OUTLINED.fetch_add(count, Ordering::Relaxed);
    if before + count > MAX_OUTLINED {
        OUTLINED.fetch_sub(count, Ordering::Relaxed);
        return Err(format!("one process can check {MAX_OUTLINED} definitions at most"));
    }
    let mut outliner = Outliner::default();
    let mut names = HashMap::new();
    let mut outlines = Vec::with_capacity(count);
    for definition in definitions {
        let outlined: &'static _ = Box::leak(Box::new(outliner.definition(definition, sources)));
        names.entry(outlined.part.name).or_insert(outlined);
        outlines.push(outlined);
    }
    outliner.fill(&names);
    Ok(outlines)
}

/// The enumeration that every schema has, for the types of values in generated C.
static QTYPE: core::Definition = core::Definition::new(
    Part::new("QType", ""),
    Source { package: "", module: "", file: "", line: 0, column: 0 },
    DefinitionKind::Enum(Enum::new(&[
        core::EnumValue::new(Part::new("none", "")),
        core::EnumValue::new(Part::new("qnull", "")),
        core::EnumValue::new(Part::new("qnum", "")),
        core::EnumValue::new(Part::new("qstring", "")),
        core::EnumValue::new(Part::new("qdict", "")),
        core::EnumValue::new(Part::new("qlist", "")),
        core::EnumValue::new(Part::new("qbool", "")),
    ])),
);

/// The built-in type of a name.
pub(crate) fn builtin(name: &str) -> Option<Builtin> {
    Builtin::ALL.iter().copied().find(|found| found.as_str() == name)
}

/// Whether a name is a type of every schema.
pub(crate) fn is_predefined(name: &str) -> bool {
    builtin(name).is_some() || name == QTYPE.part.name
}

type Place = &'static OnceLock<Type>;

#[derive(Default)]
struct Outliner {
    texts: HashMap<String, &'static str>,
    /// The places of types by name.
    places: HashMap<String, Place>,
    /// The places of arrays by name of the elements.
    arrays: HashMap<String, Place>,
    /// The places of return types, each with the place of the type.
    returned: Vec<(&'static OnceLock<Option<Type>>, Place)>,
}

fn place<T>() -> &'static OnceLock<T> {
    Box::leak(Box::new(OnceLock::new()))
}

impl Outliner {
    fn text(&mut self, text: &str) -> &'static str {
        if let Some(known) = self.texts.get(text) {
            return known;
        }
        let leaked: &'static str = text.to_owned().leak();
        self.texts.insert(text.to_owned(), leaked);
        leaked
    }

    fn definition(&mut self, definition: &Definition, sources: &Sources) -> core::Definition {
        let file = sources.file(definition.span);
        let source = Source {
            package: "",
            module: "",
            file: self.text(file.path()),
            line: file.line(definition.span.start),
            column: file.column(definition.span.start),
        };
        let part = self.part(&definition.name.text, &definition.features);
        core::Definition::new(part, source, self.kind(&definition.kind))
    }

    fn part(&mut self, name: &str, features: &[Feature]) -> Part {
        let feature =
            |found: &Feature| core::Feature::new(Part::new(self.text(&found.name.text), ""));
        let features: Vec<_> = features.iter().map(feature).collect();
        Part::new(self.text(name), "").features(features.leak())
    }

    fn kind(&mut self, kind: &Kind) -> DefinitionKind {
        match kind {
            Kind::Enum { prefix, values } => {
                let values: Vec<_> = values.iter().map(|value| self.value(value)).collect();
                let data = Enum::new(values.leak());
                DefinitionKind::Enum(match prefix {
                    Some(prefix) => data.prefix(self.text(prefix)),
                    None => data,
                })
            }
            Kind::Struct { base, members } => {
                let base = base.as_ref().map(|base| self.type_ref(base));
                DefinitionKind::Struct(Struct::new(base, self.members(members)))
            }
            Kind::Union { base, discriminator, branches } => {
                let (base, members): (_, &[_]) = match base {
                    Members::Of(base) => (Some(self.type_ref(base)), &[]),
                    Members::Listed(members) => (None, self.members(members)),
                };
                let branches: Vec<_> =
                    branches.iter().map(|branch| self.branch(branch)).collect();
                let listed: &'static [core::Branch] = branches.leak();
                let listed = Box::leak(Box::new(OnceLock::from(listed)));
                let tag = self.text(&discriminator.text);
                let branches = Reference::by_place(listed);
                DefinitionKind::Union(Union::new(base, members, tag, branches))
            }
            Kind::Alternate { alternatives } => {
                let members: Vec<_> =
                    alternatives.iter().map(|found| self.alternative(found)).collect();
                DefinitionKind::Alternate(Alternate::new(members.leak()))
            }
            Kind::Command(command) => DefinitionKind::Command(self.command(command)),
            Kind::Event { data } => DefinitionKind::Event(Event::new(self.arguments(data))),
        }
    }

    fn value(&mut self, value: &EnumValue) -> core::EnumValue {
        core::EnumValue::new(self.part(&value.name.text, &value.features))
    }

    fn members(&mut self, members: &[Member]) -> &'static [core::Member] {
        let member = |found: &Member| {
            let ty = self.type_ref(&found.ty);
            let shape = if found.optional {
                MemberShape::optional(ty)
            } else {
                MemberShape::mandatory(ty)
            };
            core::Member::new(self.part(&found.name.text, &found.features), shape)
        };
        members.iter().map(member).collect::<Vec<_>>().leak()
    }

    fn branch(&mut self, branch: &Branch) -> core::Branch {
        core::Branch::new(self.text(&branch.name.text), Some(self.type_ref(&branch.ty)))
    }

    fn alternative(&mut self, found: &Branch) -> AlternateMember {
        AlternateMember::new(self.part(&found.name.text, &[]), self.type_ref(&found.ty))
    }

    fn command(&mut self, command: &Command) -> core::Command {
        let returns = match &command.returns {
            Some(ty) => {
                let place = place();
                let ty = self.place(ty);
                self.returned.push((place, ty));
                Reference::by_place(place)
            }
            None => Reference::by_function(|| None),
        };
        let mut outlined = core::Command::new(self.arguments(&command.data), returns);
        outlined.allow_oob = command.allow_oob;
        outlined.allow_preconfig = command.allow_preconfig;
        outlined.success_response = command.success_response;
        outlined.raw = !command.r#gen;
        outlined.returns_exception = command.returns_exception;
        outlined
    }

    fn arguments(&mut self, data: &Arguments) -> core::Arguments {
        match &data.members {
            None => core::Arguments::Members(&[]),
            Some(Members::Listed(members)) => core::Arguments::Members(self.members(members)),
            Some(Members::Of(ty)) => core::Arguments::Type(self.type_ref(ty)),
        }
    }

    fn type_ref(&mut self, ty: &TypeName) -> TypeRef {
        TypeRef::by_place(self.place(ty))
    }

    fn place(&mut self, ty: &TypeName) -> Place {
        let element = *self.places.entry(ty.name.clone()).or_insert_with(place);
        if !ty.is_array {
            return element;
        }
        self.arrays.entry(ty.name.clone()).or_insert_with(|| {
            let array = Type::Array(TypeRef::by_place(element));
            Box::leak(Box::new(OnceLock::from(array)))
        })
    }

    /// Fills the places. The type of an unsound definition is any.
    fn fill(self, names: &HashMap<&'static str, &'static core::Definition>) {
        for (name, place) in &self.places {
            let defined = || match names.get(name.as_str()) {
                Some(found) => Type::Defined(found),
                None if name == QTYPE.part.name => Type::Defined(&QTYPE),
                None => Type::Builtin(Builtin::Any),
            };
            let ty = builtin(name).map_or_else(defined, Type::Builtin);
            place.get_or_init(|| ty);
        }
        for (place, ty) in self.returned {
            place.get_or_init(|| ty.get().copied());
        }
    }
}
