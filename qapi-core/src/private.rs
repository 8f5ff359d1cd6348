//! What generated code calls. Not for use by hand: it changes without notice.

pub use inventory;
pub use serde;

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

use crate::descriptor::Builtin;

/// Reads an object that has all its members to itself.
pub fn visit_object<T: QapiObject>(input: Input<'_, '_>) -> Result<T> {
    let mut object = input.object()?;
    let value = T::visit_members(&mut object)?;
    object.finish()?;
    Ok(value)
}

/// Writes an object that has all its members to itself.
pub fn serialize_object<T: QapiObject, S: serde::Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(None)?;
    value.serialize_members(&mut map)?;
    map.end()
}

/// Reads one of an enumeration's values: the position in `names`.
pub fn visit_enum(input: Input<'_, '_>, names: &[&str]) -> Result<usize> {
    let text = input.string()?;
    names.iter().position(|name| *name == text).ok_or_else(|| input.value_error(text))
}

/// Whether an alternative of type `ty` takes a value of JSON type `kind`.
pub fn alternative_takes(ty: Type, kind: Kind) -> bool {
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

/// Writes what an awaited or blocking function returned.
pub fn render<R: CommandReturn>(returned: R, style: Style) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    returned.write(&mut ReturnWriter::new(&mut out, style))?;
    Ok(out)
}
