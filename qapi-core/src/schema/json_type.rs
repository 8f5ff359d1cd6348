//! How values of a type look in JSON (schema file `introspect.json`, `JSONType`).

use crate::descriptor::{Builtin, DefinitionKind, Type};

/// How values of a type look in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonType {
    String,
    Number,
    /// A number without fraction.
    Int,
    Boolean,
    Null,
    Object,
    Array,
    /// Anything: the type `any`, and alternates.
    Value,
}

impl JsonType {
    /// How values of `ty` look. Commands and events have none; nothing says more than `Value`.
    pub(crate) fn of(ty: Type) -> Self {
        match ty {
            Type::Builtin(builtin) => Self::of_builtin(builtin),
            Type::Array(_) => Self::Array,
            Type::Defined(definition) => match definition.kind {
                DefinitionKind::Enum(_) => Self::String,
                DefinitionKind::Struct(_) | DefinitionKind::Union(_) => Self::Object,
                DefinitionKind::Alternate(_)
                | DefinitionKind::Command(_)
                | DefinitionKind::Event(_) => Self::Value,
            },
        }
    }

    pub(crate) fn of_builtin(builtin: Builtin) -> Self {
        match builtin {
            Builtin::Str => Self::String,
            Builtin::Number => Self::Number,
            Builtin::Int
            | Builtin::Int8
            | Builtin::Int16
            | Builtin::Int32
            | Builtin::Int64
            | Builtin::Uint8
            | Builtin::Uint16
            | Builtin::Uint32
            | Builtin::Uint64
            | Builtin::Size => Self::Int,
            Builtin::Bool => Self::Boolean,
            Builtin::Null => Self::Null,
            Builtin::Any => Self::Value,
        }
    }

    /// The name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Int => "int",
            Self::Boolean => "boolean",
            Self::Null => "null",
            Self::Object => "object",
            Self::Array => "array",
            Self::Value => "value",
        }
    }
}
