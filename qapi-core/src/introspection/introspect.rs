//! Builds the answer of `query-qmp-schema` (QAPI code generator documentation, "Client JSON
//! Protocol introspection").

use std::collections::{HashMap, HashSet, VecDeque};

use crate::introspection::info::{
    SchemaInfo, SchemaInfoAlternate, SchemaInfoAlternateMember, SchemaInfoArray,
    SchemaInfoBuiltin, SchemaInfoCommand, SchemaInfoEnum, SchemaInfoEnumMember, SchemaInfoEvent,
    SchemaInfoKind, SchemaInfoObject, SchemaInfoObjectMember, SchemaInfoObjectVariant,
};
use crate::schema::definition::call::{Arguments, Command, Event};
use crate::schema::definition::enum_::EnumValue;
use crate::schema::definition::object::Member;
use crate::schema::definition::type_::{Builtin, JsonKind, Type};
use crate::schema::definition::{Definition, DefinitionKind, Part};
use crate::schema::projection::Origin;
use crate::schema::query::{OwnedMember, as_union, shared_members, tag_of};
use crate::schema::view::View;

/// Whether introspection shows the names of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Types have numbers as names, in the order of their first use. Clients receive this form, so
    /// that clients cannot rely on names that are not part of the interface.
    Masked,
    /// Types have the names of the schema, for human readers.
    Unmasked,
}

/// All commands and events among `definitions`, in their order, then every type that they refer to,
/// in the order of first use. The parts that `view` leaves out are absent.
pub fn introspect(
    definitions: impl Iterator<Item = &'static Definition>,
    mask: Mask,
    view: &View,
) -> Vec<SchemaInfo> {
    let mut introspection = Introspection::new(mask, *view);
    for definition in definitions.filter(|definition| view.shows(definition)) {
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
    /// A type. All integer types become `int`, as their widths are not part of the interface.
    fn of(ty: Type) -> Self {
        match ty {
            Type::Builtin(builtin) if builtin.json_kind() == JsonKind::Int => {
                Self::Type(Type::Builtin(Builtin::Int))
            }
            Type::Builtin(_) | Type::Array(_) | Type::Defined(_) => Self::Type(ty),
        }
    }

    fn of_arguments(definition: &'static Definition, arguments: &'static Arguments) -> Self {
        match arguments {
            Arguments::Members([]) => Self::Empty,
            Arguments::Members(members) => Self::Arguments(definition, members),
            Arguments::Type(ty) => Self::Type(ty.get()),
        }
    }

    /// The unique name of a type. A type without a name in the schema has the name that QEMU gives
    /// it.
    fn name(self) -> String {
        match self {
            Self::Type(Type::Builtin(builtin)) => builtin.as_str().to_owned(),
            Self::Type(Type::Array(element)) => format!("[{}]", Self::of(element.get()).name()),
            Self::Type(Type::Defined(definition)) => definition.name.to_owned(),
            Self::Arguments(definition, _) => format!("q_obj_{}-arg", definition.name),
            Self::Empty => "q_empty".to_owned(),
        }
    }
}

struct Introspection {
    mask: Mask,
    view: View,
    infos: Vec<SchemaInfo>,
    /// Types in use whose entries are still to be written.
    queue: VecDeque<Used>,
    seen: HashSet<String>,
    numbers: HashMap<String, usize>,
}

impl Introspection {
    fn new(mask: Mask, view: View) -> Self {
        let (infos, queue) = (Vec::new(), VecDeque::new());
        Self { mask, view, infos, queue, seen: HashSet::new(), numbers: HashMap::new() }
    }

    fn finish(mut self) -> Vec<SchemaInfo> {
        while let Some(used) = self.queue.pop_front() {
            match used {
                Used::Type(ty) => self.type_(ty),
                Used::Arguments(owner, members) => {
                    let owned = members.iter().map(|member| OwnedMember { owner, member });
                    let members = self.members(owned);
                    self.object(used, None, members);
                }
                Used::Empty => self.object(used, None, Vec::new()),
            }
        }
        self.infos
    }

    /// Returns the name of a type, and queues its entry on the first use.
    fn use_type(&mut self, used: Used) -> String {
        let name = used.name();
        if self.seen.insert(name.clone()) {
            self.queue.push_back(used);
        }
        match used {
            Used::Type(Type::Builtin(_)) => name,
            Used::Type(Type::Array(element)) => {
                format!("[{}]", self.use_type(Used::of(element.get())))
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

    fn push(&mut self, name: String, of: Option<&Definition>, meta_type: SchemaInfoKind) {
        let features =
            of.and_then(|definition| self.feature_names(Origin::of(definition), definition));
        self.infos.push(SchemaInfo { name, meta_type, features });
    }

    fn feature_names(&self, origin: Origin, part: &Part) -> Option<Vec<String>> {
        let shown = self.view.features(origin, part);
        let names: Vec<_> = shown.map(|feature| feature.name.to_owned()).collect();
        (!names.is_empty()).then_some(names)
    }

    fn command(&mut self, definition: &'static Definition, command: &'static Command) {
        let arg_type = self.use_type(Used::of_arguments(definition, &command.arguments));
        let ret_type = self.use_type(command.returns.get().map_or(Used::Empty, Used::of));
        let allow_oob = command.allow_oob.then_some(true);
        let info = SchemaInfoCommand { arg_type, ret_type, allow_oob };
        self.push(definition.name.to_owned(), Some(definition), SchemaInfoKind::Command(info));
    }

    fn event(&mut self, definition: &'static Definition, event: &'static Event) {
        let arg_type = self.use_type(Used::of_arguments(definition, &event.arguments));
        let info = SchemaInfoKind::Event(SchemaInfoEvent { arg_type });
        self.push(definition.name.to_owned(), Some(definition), info);
    }

    fn type_(&mut self, ty: Type) {
        let used = Used::Type(ty);
        match ty {
            Type::Builtin(builtin) => {
                let info = SchemaInfoBuiltin { json_type: builtin.json_kind().into() };
                self.push(builtin.as_str().to_owned(), None, SchemaInfoKind::Builtin(info));
            }
            Type::Array(element) => {
                let element_type = self.use_type(Used::of(element.get()));
                let name = format!("[{element_type}]");
                self.push(name, None, SchemaInfoKind::Array(SchemaInfoArray { element_type }));
            }
            Type::Defined(definition) => match &definition.kind {
                DefinitionKind::Enum(_) => self.enumeration(used, definition),
                DefinitionKind::Struct(_) | DefinitionKind::Union(_) => {
                    self.struct_or_union(used, definition);
                }
                DefinitionKind::Alternate(_) => self.alternate(used, definition),
                // The rule `TypeReferred` refuses commands and events as types.
                DefinitionKind::Command(_) | DefinitionKind::Event(_) => {}
            },
        }
    }

    fn enumeration(&mut self, used: Used, definition: &'static Definition) {
        let values = self.view.values(definition);
        let member = |value: &&'static EnumValue| SchemaInfoEnumMember {
            name: value.name.to_owned(),
            features: self.feature_names(Origin::of_value(definition, value), value),
        };
        let members = values.iter().map(member).collect();
        let values = values.iter().map(|value| value.name.to_owned()).collect();
        let name = self.masked(used.name());
        let info = SchemaInfoEnum { members, values };
        self.push(name, Some(definition), SchemaInfoKind::Enum(info));
    }

    fn alternate(&mut self, used: Used, definition: &'static Definition) {
        let alternatives = self.view.alternatives(definition).map(|member| member.ty.get());
        let members = alternatives
            .map(|ty| SchemaInfoAlternateMember { alternative_type: self.use_type(Used::of(ty)) })
            .collect();
        let name = self.masked(used.name());
        let info = SchemaInfoKind::Alternate(SchemaInfoAlternate { members });
        self.push(name, Some(definition), info);
    }

    fn struct_or_union(&mut self, used: Used, definition: &'static Definition) {
        let members = self.members(shared_members(definition));
        // A union without branches in the release is a struct there.
        match as_union(definition).filter(|_| self.view.has_branches(definition)) {
            None => self.object(used, Some(definition), members),
            Some(union) => {
                let variants = Some(self.variants(definition));
                let tag = Some(union.discriminator.to_owned());
                let name = self.masked(used.name());
                let info = SchemaInfoObject { members, tag, variants };
                self.push(name, Some(definition), SchemaInfoKind::Object(info));
            }
        }
    }

    fn object(
        &mut self,
        used: Used,
        of: Option<&Definition>,
        members: Vec<SchemaInfoObjectMember>,
    ) {
        let name = self.masked(used.name());
        let info = SchemaInfoObject { members, tag: None, variants: None };
        self.push(name, of, SchemaInfoKind::Object(info));
    }

    fn members(
        &mut self,
        members: impl IntoIterator<Item = OwnedMember>,
    ) -> Vec<SchemaInfoObjectMember> {
        let view = self.view;
        let is_shown = |found: &OwnedMember| view.shows_part(found.owner, found.member);
        let member = |OwnedMember { owner, member }| SchemaInfoObjectMember {
            name: member.name.to_owned(),
            member_type: self.use_type(Used::of(member.ty.get())),
            default: member.optional.then_some(serde_json::Value::Null),
            features: self.feature_names(Origin::of(owner), member),
        };
        members.into_iter().filter(is_shown).map(member).collect()
    }

    /// The branches that have a type, then the other values of the tag, which add no members.
    fn variants(&mut self, definition: &'static Definition) -> Vec<SchemaInfoObjectVariant> {
        let adding: Vec<_> = self
            .view
            .branches(definition)
            .into_iter()
            .filter_map(|branch| Some((branch.name, Used::of(branch.ty?.get()))))
            .collect();
        let values = tag_of(definition).map_or_else(Vec::new, |tag| self.view.values(tag));
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
