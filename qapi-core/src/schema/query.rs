//! Queries on definitions that rules, introspection and visits share.

use std::ptr;

use crate::schema::definition::call::{Arguments, Command, Event};
use crate::schema::definition::object::{AlternateMember, Branch, Member, Union};
use crate::schema::definition::type_::{Type, TypeRef};
use crate::schema::definition::{Definition, DefinitionKind};

/// Calls `take` with every type that a definition names, in the order of the definition.
pub(crate) fn each_reference(definition: &'static Definition, mut take: impl FnMut(Type)) {
    base(definition).into_iter().for_each(&mut take);
    for member in own_members(definition) {
        take(member.ty.get());
    }
    for ty in branches(definition).iter().filter_map(|branch| branch.ty) {
        take(ty.get());
    }
    match &definition.kind {
        DefinitionKind::Enum(_) | DefinitionKind::Struct(_) | DefinitionKind::Union(_) => {}
        DefinitionKind::Alternate(alternate) => {
            alternate.members.iter().for_each(|member| take(member.ty.get()));
        }
        DefinitionKind::Command(command) => {
            command.arguments.boxed().into_iter().for_each(&mut take);
            command.returns.get().into_iter().for_each(take);
        }
        DefinitionKind::Event(event) => event.arguments.boxed().into_iter().for_each(take),
    }
}

impl Arguments {
    /// The type of boxed arguments; `None` if the definition lists its arguments itself.
    pub(crate) fn boxed(&self) -> Option<Type> {
        match self {
            Self::Members(_) => None,
            Self::Type(ty) => Some(ty.get()),
        }
    }
}

/// The type whose members come first in a struct or union.
pub(crate) fn base(definition: &'static Definition) -> Option<Type> {
    match &definition.kind {
        DefinitionKind::Struct(object) => object.base.map(TypeRef::get),
        DefinitionKind::Union(union) => union.base.map(TypeRef::get),
        DefinitionKind::Enum(_)
        | DefinitionKind::Alternate(_)
        | DefinitionKind::Command(_)
        | DefinitionKind::Event(_) => None,
    }
}

/// The members or arguments that a definition lists itself.
pub(crate) fn own_members(definition: &'static Definition) -> &'static [Member] {
    let listed = |arguments: &'static Arguments| match arguments {
        Arguments::Members(members) => *members,
        Arguments::Type(_) => &[],
    };
    match &definition.kind {
        DefinitionKind::Struct(object) => object.members,
        DefinitionKind::Union(union) => union.members,
        DefinitionKind::Command(command) => listed(&command.arguments),
        DefinitionKind::Event(event) => listed(&event.arguments),
        DefinitionKind::Enum(_) | DefinitionKind::Alternate(_) => &[],
    }
}

/// The branches of a union.
pub(crate) fn branches(definition: &'static Definition) -> &'static [Branch] {
    as_union(definition).map_or(&[], |union| union.branches.get())
}

/// The alternatives of an alternate.
pub(crate) fn alternatives(definition: &Definition) -> &'static [AlternateMember] {
    match &definition.kind {
        DefinitionKind::Alternate(alternate) => alternate.members,
        DefinitionKind::Enum(_)
        | DefinitionKind::Struct(_)
        | DefinitionKind::Union(_)
        | DefinitionKind::Command(_)
        | DefinitionKind::Event(_) => &[],
    }
}

/// The enumeration type of a union's discriminator, if its type is an enumeration.
pub(crate) fn tag_of(definition: &'static Definition) -> Option<&'static Definition> {
    let union = as_union(definition)?;
    let shared = shared_members(definition);
    let found = shared.iter().find(|found| found.member.name == union.discriminator)?;
    as_enum(found.member.ty.get())
}

impl Definition {
    /// The member or argument `name` that the definition lists itself.
    pub(crate) fn own_member(&'static self, name: &str) -> Option<&'static Member> {
        own_members(self).iter().find(|member| member.name == name)
    }
}

/// The data of a union, if the definition is one.
pub(crate) fn as_union(definition: &'static Definition) -> Option<&'static Union> {
    match &definition.kind {
        DefinitionKind::Union(union) => Some(union),
        DefinitionKind::Enum(_)
        | DefinitionKind::Struct(_)
        | DefinitionKind::Alternate(_)
        | DefinitionKind::Command(_)
        | DefinitionKind::Event(_) => None,
    }
}

/// The data of a command, if the definition is one.
pub(crate) fn as_command(definition: &'static Definition) -> Option<&'static Command> {
    match &definition.kind {
        DefinitionKind::Command(command) => Some(command),
        DefinitionKind::Enum(_)
        | DefinitionKind::Struct(_)
        | DefinitionKind::Union(_)
        | DefinitionKind::Alternate(_)
        | DefinitionKind::Event(_) => None,
    }
}

/// The data of an event, if the definition is one.
pub(crate) fn as_event(definition: &'static Definition) -> Option<&'static Event> {
    match &definition.kind {
        DefinitionKind::Event(event) => Some(event),
        DefinitionKind::Enum(_)
        | DefinitionKind::Struct(_)
        | DefinitionKind::Union(_)
        | DefinitionKind::Alternate(_)
        | DefinitionKind::Command(_) => None,
    }
}

/// Whether a definition is a type, and not a command or event.
pub(crate) fn is_type(definition: &Definition) -> bool {
    match definition.kind {
        DefinitionKind::Enum(_)
        | DefinitionKind::Struct(_)
        | DefinitionKind::Union(_)
        | DefinitionKind::Alternate(_) => true,
        DefinitionKind::Command(_) | DefinitionKind::Event(_) => false,
    }
}

/// The definition of a type, if the type is a struct or union.
pub(crate) fn as_object(ty: Type) -> Option<&'static Definition> {
    match ty {
        Type::Builtin(_) | Type::Array(_) => None,
        Type::Defined(definition) => match definition.kind {
            DefinitionKind::Struct(_) | DefinitionKind::Union(_) => Some(definition),
            DefinitionKind::Enum(_)
            | DefinitionKind::Alternate(_)
            | DefinitionKind::Command(_)
            | DefinitionKind::Event(_) => None,
        },
    }
}

/// The definition of a type, if the type is an enumeration.
pub(crate) fn as_enum(ty: Type) -> Option<&'static Definition> {
    match ty {
        Type::Builtin(_) | Type::Array(_) => None,
        Type::Defined(definition) => match &definition.kind {
            DefinitionKind::Enum(_) => Some(definition),
            DefinitionKind::Struct(_)
            | DefinitionKind::Union(_)
            | DefinitionKind::Alternate(_)
            | DefinitionKind::Command(_)
            | DefinitionKind::Event(_) => None,
        },
    }
}

/// A member of an object, and the definition that lists it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnedMember {
    pub(crate) owner: &'static Definition,
    pub(crate) member: &'static Member,
}

/// The members that every value of a struct or union has, those of the base first.
///
/// A cycle of bases ends the list; rule `NoCycle` reports the cycle.
pub(crate) fn shared_members(definition: &'static Definition) -> Vec<OwnedMember> {
    let mut chain = vec![definition];
    let mut next = base(definition).and_then(as_object);
    while let Some(found) = next {
        if chain.iter().any(|&seen| ptr::eq(seen, found)) {
            break;
        }
        chain.push(found);
        next = base(found).and_then(as_object);
    }
    let listed = |owner: &'static Definition| {
        own_members(owner).iter().map(move |member| OwnedMember { owner, member })
    };
    chain.into_iter().rev().flat_map(listed).collect()
}

/// The kind and the name of a type, for messages: "the struct `JobInfo`".
pub(crate) fn describe(ty: Type) -> String {
    match ty {
        Type::Builtin(builtin) => format!("the built-in type `{}`", builtin.as_str()),
        Type::Array(_) => "an array".to_owned(),
        Type::Defined(definition) => {
            format!("the {} `{}`", kind_name(definition), definition.name)
        }
    }
}

/// The schema language's word for the kind of a definition.
pub(crate) fn kind_name(definition: &Definition) -> &'static str {
    match definition.kind {
        DefinitionKind::Enum(_) => "enum",
        DefinitionKind::Struct(_) => "struct",
        DefinitionKind::Union(_) => "union",
        DefinitionKind::Alternate(_) => "alternate",
        DefinitionKind::Command(_) => "command",
        DefinitionKind::Event(_) => "event",
    }
}
