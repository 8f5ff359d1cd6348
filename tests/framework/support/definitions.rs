//! Definitions written by hand: the attribute macros refuse many mistakes of tests.

use std::any::TypeId;
use std::panic::Location;

use qapi_core::schema::definition::{
    Alternate, AlternateMember, Arguments, Branch, Builtin, Command, Definition, DefinitionKind,
    Enum, EnumValue, Event, Feature, Member, Source, StateRequirement, Struct, Type, TypeRef,
    Union,
};

pub(crate) const STR: TypeRef = || Type::Builtin(Builtin::Str);
pub(crate) const INT: TypeRef = || Type::Builtin(Builtin::Int);
pub(crate) const BOOL: TypeRef = || Type::Builtin(Builtin::Bool);
pub(crate) const ANY: TypeRef = || Type::Builtin(Builtin::Any);
pub(crate) const DEPRECATED: &[Feature] = &[Feature { name: "deprecated", doc: "", since: None }];

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
    Definition { name, doc: "", sections: &[], since: None, features: &[], source, kind }
}

pub(crate) const fn marked(definition: Definition) -> Definition {
    Definition { features: DEPRECATED, ..definition }
}

pub(crate) const fn value(name: &'static str) -> EnumValue {
    EnumValue { name, doc: "", since: None, features: &[] }
}

#[track_caller]
pub(crate) const fn enumeration(name: &'static str, values: &'static [EnumValue]) -> Definition {
    define(name, DefinitionKind::Enum(Enum { prefix: None, open: false, values }))
}

pub(crate) const fn member(name: &'static str, ty: TypeRef) -> Member {
    Member { name, doc: "", since: None, optional: false, ty, features: &[] }
}

pub(crate) const fn optional(name: &'static str, ty: TypeRef) -> Member {
    Member { name, doc: "", since: None, optional: true, ty, features: &[] }
}

#[track_caller]
pub(crate) const fn structure(name: &'static str, members: &'static [Member]) -> Definition {
    define(name, DefinitionKind::Struct(Struct { base: None, members }))
}

#[track_caller]
pub(crate) const fn derived(
    name: &'static str,
    base: TypeRef,
    members: &'static [Member],
) -> Definition {
    define(name, DefinitionKind::Struct(Struct { base: Some(base), members }))
}

pub(crate) const fn branch(name: &'static str, ty: TypeRef) -> Branch {
    Branch { name, ty: Some(ty) }
}

#[track_caller]
pub(crate) const fn union(
    name: &'static str,
    members: &'static [Member],
    discriminator: &'static str,
    branches: fn() -> &'static [Branch],
) -> Definition {
    let union = Union { base: None, members, discriminator, tag: None, branches };
    define(name, DefinitionKind::Union(union))
}

pub(crate) const fn alternative(name: &'static str, ty: TypeRef) -> AlternateMember {
    AlternateMember { name, doc: "", since: None, ty }
}

#[track_caller]
pub(crate) const fn alternate(
    name: &'static str,
    members: &'static [AlternateMember],
) -> Definition {
    define(name, DefinitionKind::Alternate(Alternate { members }))
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
    define(name, DefinitionKind::Command(Command { needs, ..plain_command(arguments, || None) }))
}

#[track_caller]
pub(crate) const fn returning(
    name: &'static str,
    arguments: Arguments,
    returns: fn() -> Option<Type>,
) -> Definition {
    define(name, DefinitionKind::Command(plain_command(arguments, returns)))
}

/// A command that takes nothing and may be executed at any time, by any means.
#[track_caller]
pub(crate) const fn always_allowed(name: &'static str) -> Definition {
    let plain = plain_command(NONE, || None);
    let command =
        Command { allow_oob: true, allow_preconfig: true, success_response: false, ..plain };
    define(name, DefinitionKind::Command(command))
}

pub(crate) const fn plain_command(
    arguments: Arguments,
    returns: fn() -> Option<Type>,
) -> Command {
    Command {
        arguments,
        returns,
        allow_oob: false,
        allow_preconfig: false,
        success_response: true,
        raw: false,
        returns_exception: false,
        needs: &[],
    }
}

pub(crate) const fn need<T: 'static>() -> StateRequirement {
    StateRequirement { type_name: std::any::type_name::<T>, type_id: TypeId::of::<T> }
}

#[track_caller]
pub(crate) const fn event(name: &'static str, arguments: Arguments) -> Definition {
    define(name, DefinitionKind::Event(Event { arguments, rate_limit: None }))
}

pub(crate) const NONE: Arguments = Arguments::Members(&[]);
