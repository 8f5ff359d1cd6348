//! Definitions written by hand: the attribute macros refuse many mistakes of tests.

use std::panic::Location;

use qapi_core::schema::definition::{
    Alternate, AlternateMember, Arguments, Branch, Builtin, Command, Definition, DefinitionKind,
    Enum, EnumValue, Event, Feature, Member, MemberShape, Part, Reference, Source,
    StateRequirement, Struct, Type, TypeRef, Union,
};

pub(crate) const STR: fn() -> Type = || Type::Builtin(Builtin::Str);
pub(crate) const INT: fn() -> Type = || Type::Builtin(Builtin::Int);
pub(crate) const BOOL: fn() -> Type = || Type::Builtin(Builtin::Bool);
pub(crate) const ANY: fn() -> Type = || Type::Builtin(Builtin::Any);
pub(crate) const DEPRECATED: &[Feature] = &[Feature::new(Part::new("deprecated", ""))];

#[track_caller]
pub(crate) const fn define(name: &'static str, kind: DefinitionKind) -> Definition {
    let place = Location::caller();
    let source = Source {
        package: "qapi-tests",
        module: module_path!(),
        file: place.file(),
        line: place.line(),
        column: place.column(),
    };
    Definition::new(Part::new(name, ""), source, kind)
}

pub(crate) const fn marked(definition: Definition) -> Definition {
    let Definition { part, source, kind, .. } = definition;
    Definition::new(part.features(DEPRECATED), source, kind)
}

/// The same definition, which came with release `since`.
pub(crate) const fn since(since: &'static str, definition: Definition) -> Definition {
    let Definition { part, source, kind, .. } = definition;
    Definition::new(part.since(since), source, kind)
}

pub(crate) const fn value(name: &'static str) -> EnumValue {
    EnumValue::new(Part::new(name, ""))
}

#[track_caller]
pub(crate) const fn enumeration(name: &'static str, values: &'static [EnumValue]) -> Definition {
    define(name, DefinitionKind::Enum(Enum::new(values)))
}

pub(crate) const fn member(name: &'static str, ty: fn() -> Type) -> Member {
    Member::new(Part::new(name, ""), MemberShape::mandatory(TypeRef::by_function(ty)))
}

pub(crate) const fn optional(name: &'static str, ty: fn() -> Type) -> Member {
    Member::new(Part::new(name, ""), MemberShape::optional(TypeRef::by_function(ty)))
}

#[track_caller]
pub(crate) const fn structure(name: &'static str, members: &'static [Member]) -> Definition {
    define(name, DefinitionKind::Struct(Struct::new(None, members)))
}

#[track_caller]
pub(crate) const fn derived(
    name: &'static str,
    base: fn() -> Type,
    members: &'static [Member],
) -> Definition {
    define(name, DefinitionKind::Struct(Struct::new(Some(TypeRef::by_function(base)), members)))
}

pub(crate) const fn branch(name: &'static str, ty: fn() -> Type) -> Branch {
    Branch::new(name, Some(TypeRef::by_function(ty)))
}

#[track_caller]
pub(crate) const fn union(
    name: &'static str,
    members: &'static [Member],
    discriminator: &'static str,
    branches: fn() -> &'static [Branch],
) -> Definition {
    let union = Union::new(None, members, discriminator, Reference::by_function(branches));
    define(name, DefinitionKind::Union(union))
}

pub(crate) const fn alternative(name: &'static str, ty: fn() -> Type) -> AlternateMember {
    AlternateMember::new(Part::new(name, ""), TypeRef::by_function(ty))
}

#[track_caller]
pub(crate) const fn alternate(
    name: &'static str,
    members: &'static [AlternateMember],
) -> Definition {
    define(name, DefinitionKind::Alternate(Alternate::new(members)))
}

#[track_caller]
pub(crate) const fn command(name: &'static str, arguments: Arguments) -> Definition {
    needing(name, arguments, &[])
}

#[track_caller]
pub(crate) const fn needing(
    name: &'static str,
    arguments: Arguments,
    needs: &'static [StateRequirement],
) -> Definition {
    define(name, DefinitionKind::Command(Command::new(arguments, NOTHING).requires(needs)))
}

#[track_caller]
pub(crate) const fn returning(
    name: &'static str,
    arguments: Arguments,
    returns: fn() -> Option<Type>,
) -> Definition {
    define(
        name,
        DefinitionKind::Command(Command::new(arguments, Reference::by_function(returns))),
    )
}

/// A command that takes nothing and may be executed at any time, by any means.
#[track_caller]
pub(crate) const fn always_allowed(name: &'static str) -> Definition {
    let command = Command::new(NONE, NOTHING).allow_oob().allow_preconfig().no_success_response();
    define(name, DefinitionKind::Command(command))
}

pub(crate) const fn need<T: 'static>() -> StateRequirement {
    StateRequirement::of::<T>()
}

#[track_caller]
pub(crate) const fn event(name: &'static str, arguments: Arguments) -> Definition {
    define(name, DefinitionKind::Event(Event::new(arguments)))
}

pub(crate) const NONE: Arguments = Arguments::Members(&[]);

/// The return type of commands that return nothing.
const NOTHING: Reference<Option<Type>> = Reference::by_function(|| None);

/// A list.
pub(crate) const fn array(element: fn() -> Type) -> Type {
    Type::Array(TypeRef::by_function(element))
}

/// The members of a struct or union as arguments.
pub(crate) const fn boxed(ty: fn() -> Type) -> Arguments {
    Arguments::Type(TypeRef::by_function(ty))
}
