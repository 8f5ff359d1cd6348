//! The schema as clients are told of it: `query-qmp-schema` (QAPI code generator documentation,
//! "Client JSON Protocol introspection").

use std::collections::{HashMap, HashSet, VecDeque};

use crate::descriptor::{
    Alternate, Arguments, Builtin, Command, Definition, DefinitionKind, EnumValue, Event,
    Feature, Member, Type, marks,
};
use crate::registry::Registry;
use crate::schema::info::{
    JSONType, SchemaInfo, SchemaInfoAlternate, SchemaInfoAlternateMember, SchemaInfoArray,
    SchemaInfoBuiltin, SchemaInfoCommand, SchemaInfoEnum, SchemaInfoEnumMember, SchemaInfoEvent,
    SchemaInfoKind, SchemaInfoObject, SchemaInfoObjectMember, SchemaInfoObjectVariant,
};
use crate::schema::model::{as_command, as_enum, as_union, branches, shared_members};
use crate::wire::{Marks, to_vec};

/// Whether introspection shows the names of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Types have numbers for names, in the order of their first use: what clients get, so that
    /// they do not come to rely on names that are no part of the interface.
    Masked,
    /// Types have their own names: for people.
    Unmasked,
}

/// Everything that a client can use: all commands and events by name, then every type that they
/// lead to, in the order of first use.
pub fn introspect(registry: &Registry, mask: Mask) -> Vec<SchemaInfo> {
    infos(registry.definitions(), mask, Marks::NONE)
}

/// What a client is shown of it: the commands whose names pass `shown`, and nothing that bears
/// one of `hidden` but values of enumerations, as in QEMU.
pub(crate) fn introspect_shown(
    registry: &Registry,
    hidden: Marks,
    shown: impl Fn(&str) -> bool,
) -> Vec<SchemaInfo> {
    let is_shown = |definition: &&'static Definition| {
        !hidden.meets(marks(definition.features))
            && (as_command(definition).is_none() || shown(definition.name))
    };
    infos(registry.definitions().filter(is_shown), Mask::Masked, hidden)
}

/// The answer of `query-qmp-schema`, as JSON text on one line.
pub(crate) fn render(definitions: &[&'static Definition]) -> Box<[u8]> {
    // Strings, lists and objects with fixed names always have a JSON form.
    let infos = infos(definitions.iter().copied(), Mask::Masked, Marks::NONE);
    to_vec(&infos, false).unwrap_or_default().into()
}

fn infos(
    definitions: impl Iterator<Item = &'static Definition>,
    mask: Mask,
    hidden: Marks,
) -> Vec<SchemaInfo> {
    let mut introspection = Introspection::new(mask, hidden);
    for definition in definitions {
        match &definition.kind {
            DefinitionKind::Command(command) => introspection.command(definition, command),
            DefinitionKind::Event(event) => introspection.event(definition, event),
            DefinitionKind::Enum(_)
            | DefinitionKind::Struct(_)
            | DefinitionKind::Union(_)
            | DefinitionKind::Alternate(_) => {}
        }
    }
    introspection.finish()
}

/// A type in use.
#[derive(Debug, Clone, Copy)]
enum Used {
    Type(Type),
    /// The arguments that a command or event lists itself: a type without a name of its own.
    Arguments(&'static Definition, &'static [Member]),
    /// The object without members, which stands for "nothing".
    Empty,
}

impl Used {
    /// A type, with all integers as one: clients need not care for their widths.
    fn of(ty: Type) -> Self {
        match ty {
            Type::Builtin(_) if JSONType::of(ty) == JSONType::Int => {
                Self::Type(Type::Builtin(Builtin::Int))
            }
            Type::Builtin(_) | Type::Array(_) | Type::Defined(_) => Self::Type(ty),
        }
    }

    fn of_arguments(definition: &'static Definition, arguments: &'static Arguments) -> Self {
        match arguments {
            Arguments::Members([]) => Self::Empty,
            Arguments::Members(members) => Self::Arguments(definition, members),
            Arguments::Type(ty) => Self::Type(ty()),
        }
    }

    /// The name that no other type has: QEMU's own for types without one in the schema.
    fn name(self) -> String {
        match self {
            Self::Type(Type::Builtin(builtin)) => builtin.as_str().to_owned(),
            Self::Type(Type::Array(element)) => format!("[{}]", Self::of(element()).name()),
            Self::Type(Type::Defined(definition)) => definition.name.to_owned(),
            Self::Arguments(definition, _) => format!("q_obj_{}-arg", definition.name),
            Self::Empty => "q_empty".to_owned(),
        }
    }
}

struct Introspection {
    mask: Mask,
    hidden: Marks,
    infos: Vec<SchemaInfo>,
    /// Types in use that have not been told of yet.
    queue: VecDeque<Used>,
    seen: HashSet<String>,
    numbers: HashMap<String, usize>,
}

impl Introspection {
    fn new(mask: Mask, hidden: Marks) -> Self {
        let (infos, queue) = (Vec::new(), VecDeque::new());
        Self { mask, hidden, infos, queue, seen: HashSet::new(), numbers: HashMap::new() }
    }

    fn finish(mut self) -> Vec<SchemaInfo> {
        while let Some(used) = self.queue.pop_front() {
            match used {
                Used::Type(ty) => self.type_(ty),
                Used::Arguments(_, members) => {
                    let members = self.members(members);
                    self.object(used, &[], members);
                }
                Used::Empty => self.object(used, &[], Vec::new()),
            }
        }
        self.infos
    }

    /// The name by which a type in use is told of; it will be told of in its turn.
    fn use_type(&mut self, used: Used) -> String {
        let name = used.name();
        if self.seen.insert(name.clone()) {
            self.queue.push_back(used);
        }
        match used {
            Used::Type(Type::Builtin(_)) => name,
            Used::Type(Type::Array(element)) => {
                format!("[{}]", self.use_type(Used::of(element())))
            }
            Used::Type(Type::Defined(_)) | Used::Arguments(..) | Used::Empty => self.masked(name),
        }
    }

    fn masked(&mut self, name: String) -> String {
        match self.mask {
            Mask::Unmasked => name,
            Mask::Masked => {
                let next = self.numbers.len();
                self.numbers.entry(name).or_insert(next).to_string()
            }
        }
    }

    fn push(&mut self, name: String, features: &[Feature], meta_type: SchemaInfoKind) {
        self.infos.push(SchemaInfo { name, meta_type, features: feature_names(features) });
    }

    fn command(&mut self, definition: &'static Definition, command: &'static Command) {
        let arg_type = self.use_type(Used::of_arguments(definition, &command.arguments));
        let ret_type = self.use_type((command.returns)().map_or(Used::Empty, Used::of));
        let allow_oob = command.allow_oob.then_some(true);
        let info = SchemaInfoCommand { arg_type, ret_type, allow_oob };
        self.push(definition.name.to_owned(), definition.features, SchemaInfoKind::Command(info));
    }

    fn event(&mut self, definition: &'static Definition, event: &'static Event) {
        let arg_type = self.use_type(Used::of_arguments(definition, &event.arguments));
        let info = SchemaInfoKind::Event(SchemaInfoEvent { arg_type });
        self.push(definition.name.to_owned(), definition.features, info);
    }

    fn type_(&mut self, ty: Type) {
        let used = Used::Type(ty);
        match ty {
            Type::Builtin(builtin) => {
                let info = SchemaInfoBuiltin { json_type: JSONType::of(ty) };
                self.push(builtin.as_str().to_owned(), &[], SchemaInfoKind::Builtin(info));
            }
            Type::Array(element) => {
                let element_type = self.use_type(Used::of(element()));
                let name = format!("[{element_type}]");
                self.push(name, &[], SchemaInfoKind::Array(SchemaInfoArray { element_type }));
            }
            Type::Defined(definition) => match &definition.kind {
                DefinitionKind::Enum(_) => self.enumeration(used, definition),
                DefinitionKind::Struct(_) | DefinitionKind::Union(_) => {
                    self.struct_or_union(used, definition);
                }
                DefinitionKind::Alternate(alternate) => {
                    self.alternate(used, definition, alternate);
                }
                // No frozen registry has them as types.
                DefinitionKind::Command(_) | DefinitionKind::Event(_) => {}
            },
        }
    }

    fn enumeration(&mut self, used: Used, definition: &'static Definition) {
        let values = definition.enum_values();
        let member = |value: &&EnumValue| SchemaInfoEnumMember {
            name: value.name.to_owned(),
            features: feature_names(value.features),
        };
        let members = values.iter().map(member).collect();
        let values = values.iter().map(|value| value.name.to_owned()).collect();
        let name = self.masked(used.name());
        let info = SchemaInfoEnum { members, values };
        self.push(name, definition.features, SchemaInfoKind::Enum(info));
    }

    fn alternate(&mut self, used: Used, definition: &'static Definition, data: &Alternate) {
        let alternatives = data.members.iter().map(|member| (member.ty)());
        let members = alternatives
            .map(|ty| SchemaInfoAlternateMember { alternative_type: self.use_type(Used::of(ty)) })
            .collect();
        let name = self.masked(used.name());
        let info = SchemaInfoKind::Alternate(SchemaInfoAlternate { members });
        self.push(name, definition.features, info);
    }

    fn struct_or_union(&mut self, used: Used, definition: &'static Definition) {
        let members = self.members(shared_members(definition).iter().map(|found| found.member));
        match as_union(definition) {
            None => self.object(used, definition.features, members),
            Some(union) => {
                let variants = Some(self.variants(definition, union.discriminator));
                let tag = Some(union.discriminator.to_owned());
                let name = self.masked(used.name());
                let info = SchemaInfoObject { members, tag, variants };
                self.push(name, definition.features, SchemaInfoKind::Object(info));
            }
        }
    }

    fn object(&mut self, used: Used, features: &[Feature], members: Vec<SchemaInfoObjectMember>) {
        let name = self.masked(used.name());
        let info = SchemaInfoObject { members, tag: None, variants: None };
        self.push(name, features, SchemaInfoKind::Object(info));
    }

    fn members(
        &mut self,
        members: impl IntoIterator<Item = &'static Member>,
    ) -> Vec<SchemaInfoObjectMember> {
        let hidden = self.hidden;
        let is_shown = |member: &&'static Member| !hidden.meets(marks(member.features));
        let member = |member: &Member| SchemaInfoObjectMember {
            name: member.name.to_owned(),
            member_type: self.use_type(Used::of((member.ty)())),
            default: member.optional.then_some(serde_json::Value::Null),
            features: feature_names(member.features),
        };
        members.into_iter().filter(is_shown).map(member).collect()
    }

    /// The branches that add members, then the values of the tag that do not.
    fn variants(
        &mut self,
        definition: &'static Definition,
        tag: &str,
    ) -> Vec<SchemaInfoObjectVariant> {
        let adding: Vec<_> = branches(definition)
            .iter()
            .filter_map(|branch| Some((branch.name, Used::of(branch.ty?()))))
            .collect();
        let shared = shared_members(definition);
        let values = shared
            .iter()
            .find(|found| found.member.name == tag)
            .and_then(|found| as_enum((found.member.ty)()))
            .map_or_else(Vec::new, Definition::enum_values);
        let plain = values
            .iter()
            .filter(|value| adding.iter().all(|(name, _)| *name != value.name))
            .map(|value| (value.name, Used::Empty));
        let variant = |(case, used): (&str, Used)| SchemaInfoObjectVariant {
            case: case.to_owned(),
            variant_type: self.use_type(used),
        };
        adding.iter().copied().chain(plain).map(variant).collect()
    }
}

fn feature_names(features: &[Feature]) -> Option<Vec<String>> {
    let names: Vec<_> = features.iter().map(|feature| feature.name.to_owned()).collect();
    (!names.is_empty()).then_some(names)
}
