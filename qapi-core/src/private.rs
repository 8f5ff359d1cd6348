//! What generated code calls. Not for use by hand: it changes without notice.

pub use core::fmt::{self, Display, Formatter};
pub use core::option::Option::{None, Some};
pub use core::result::Result::{Err, Ok};
pub use std::string::String;
pub use std::vec::Vec;

pub use inventory;
pub use serde::ser::{Serialize, SerializeMap, Serializer};

pub use crate::__qapi_source as source;

pub use crate::context::Context;
pub use crate::descriptor::{
    Alternate, AlternateMember, Arguments, AsyncCall, BlockingCall, Branch, Command, Definition,
    DefinitionKind, Enum, EnumValue, Event, Feature, Handler, Member, Registration, Source,
    StateNeed, Struct, Type, TypeRef, Union,
};
pub use crate::error::{Error, Result};
pub use crate::reply::{CommandReturn, ReturnWriter};
pub use crate::session::SessionContext;
pub use crate::types::{MemberType, QapiBranches, QapiEvent, QapiObject, QapiType};
pub use crate::visitor::{Input, ObjectVisitor};
pub use crate::wire::{Kind, Style};

use std::any::{TypeId, type_name};
use std::future::Future;

use crate::descriptor::Builtin;

/// Where the annotation stands that is being expanded.
#[doc(hidden)]
#[macro_export]
macro_rules! __qapi_source {
    () => {
        $crate::__private::Source {
            package: ::core::env!("CARGO_PKG_NAME"),
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
        }
    };
}

/// Describes a value of an enumeration.
pub const fn value(
    name: &'static str,
    doc: &'static str,
    since: Option<&'static str>,
    features: &'static [Feature],
) -> EnumValue {
    EnumValue { name, doc, since, features }
}

/// Describes a member of type `T`.
pub const fn member<'m, T: MemberType<'m>>(
    name: &'static str,
    doc: &'static str,
    since: Option<&'static str>,
    features: &'static [Feature],
) -> Member {
    Member { name, doc, since, optional: T::OPTIONAL, ty: T::schema_type, features }
}

/// Names the type `T`, whose members stand among those of another object.
pub const fn object_type<T: QapiObject>() -> TypeRef {
    T::schema_type
}

/// Describes the member that selects among the branches `T`.
pub const fn discriminator<T: QapiBranches>(
    name: &'static str,
    doc: &'static str,
    since: Option<&'static str>,
    features: &'static [Feature],
) -> Member {
    member::<T::Tag>(name, doc, since, features)
}

/// Describes an alternative of type `T`.
pub const fn alternative<T: QapiType>(name: &'static str, doc: &'static str) -> AlternateMember {
    AlternateMember { name, doc, ty: T::schema_type }
}

/// Describes the need for state of type `T`.
pub const fn need<T: Send + Sync + 'static>() -> StateNeed {
    StateNeed { type_name: type_name::<T>, type_id: TypeId::of::<T> }
}

/// Reads an object that has all its members to itself.
pub fn visit_object<T: QapiObject>(input: Input<'_, '_>) -> Result<T> {
    let mut object = input.object()?;
    let value = T::visit_members(&mut object)?;
    object.finish()?;
    Ok(value)
}

/// Writes an object that has all its members to itself.
pub fn serialize_object<T: QapiObject, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    value.serialize_members(&mut map)?;
    map.end()
}

/// Reads one of an enumeration's values, which `value_of` knows by name.
pub fn visit_enum<T>(
    input: Input<'_, '_>,
    value_of: impl FnOnce(&str) -> Option<T>,
) -> Result<T> {
    let text = input.string()?;
    value_of(text).ok_or_else(|| input.value_error(text))
}

/// Reads the member `name`, which selects among the branches `T`.
pub fn visit_tag<T: QapiBranches>(
    name: &'static str,
    object: &mut ObjectVisitor<'_, '_>,
) -> Result<T::Tag> {
    object.member(name)
}

/// Writes the member `name`, which says which of the branches `T` follows.
pub fn serialize_tag<T: QapiBranches, M: SerializeMap>(
    branches: &T,
    name: &'static str,
    map: &mut M,
) -> Result<(), M::Error> {
    MemberType::serialize_member(&branches.tag(), name, map)
}

/// Whether an alternative of type `T` takes the value.
pub fn takes<T: QapiType>(input: &Input<'_, '_>) -> bool {
    alternative_takes(T::schema_type(), input.kind())
}

/// Whether an alternative of type `ty` takes a value of JSON type `kind`.
fn alternative_takes(ty: Type, kind: Kind) -> bool {
    let wanted = match ty {
        Type::Array(_) => Kind::Array,
        Type::Builtin(builtin) => match builtin {
            Builtin::Any => return true,
            Builtin::Str => Kind::String,
            Builtin::Bool => Kind::Bool,
            Builtin::Null => Kind::Null,
            Builtin::Number
            | Builtin::Int
            | Builtin::Int8
            | Builtin::Int16
            | Builtin::Int32
            | Builtin::Int64
            | Builtin::Uint8
            | Builtin::Uint16
            | Builtin::Uint32
            | Builtin::Uint64
            | Builtin::Size => Kind::Number,
        },
        Type::Defined(definition) => match definition.kind {
            DefinitionKind::Enum(_) => Kind::String,
            DefinitionKind::Struct(_) | DefinitionKind::Union(_) => Kind::Object,
            DefinitionKind::Alternate(_)
            | DefinitionKind::Command(_)
            | DefinitionKind::Event(_) => return false,
        },
    };
    kind == wanted
}

/// Packs up a call that may block.
pub fn blocking_call<R: CommandReturn>(
    style: Style,
    call: impl FnOnce() -> R + Send + 'static,
) -> BlockingCall {
    Box::new(move || render(call(), style))
}

/// Packs up a call that is awaited.
pub fn async_call<R: CommandReturn>(
    style: Style,
    call: impl Future<Output = R> + Send + 'static,
) -> AsyncCall {
    Box::pin(async move { render(call.await, style) })
}

/// Writes what an awaited or blocking function returned.
fn render<R: CommandReturn>(returned: R, style: Style) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    returned.write(&mut ReturnWriter::new(&mut out, style))?;
    Ok(out)
}
