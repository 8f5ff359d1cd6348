//! The types of members, arguments and return values.

use super::reference::Reference;
use super::{Definition, DefinitionKind};

/// A reference to a type of the schema.
pub type TypeRef = Reference<Type>;

/// A type of the schema.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// A built-in type.
    Builtin(Builtin),
    /// A list.
    Array(TypeRef),
    /// A type that an annotation defines.
    Defined(&'static Definition),
}

/// The built-in types of the schema language (QAPI schema language, "Built-in Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// A string.
    Str,
    /// A number, as a double.
    Number,
    /// A signed 64 bit integer.
    Int,
    /// A signed 8 bit integer.
    Int8,
    /// A signed 16 bit integer.
    Int16,
    /// A signed 32 bit integer.
    Int32,
    /// A signed 64 bit integer.
    Int64,
    /// An unsigned 8 bit integer.
    Uint8,
    /// An unsigned 16 bit integer.
    Uint16,
    /// An unsigned 32 bit integer.
    Uint32,
    /// An unsigned 64 bit integer.
    Uint64,
    /// An unsigned 64 bit number of bytes.
    Size,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
    /// Any value.
    Any,
}

/// The JSON type of a value (schema file `introspect.json`, `JSONType`). Numbers without a fraction
/// have a type of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// A string.
    String,
    /// Any number.
    Number,
    /// A number without a fraction.
    Int,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
    /// An object.
    Object,
    /// An array.
    Array,
    /// Any of the others.
    Value,
}

impl JsonKind {
    /// The name in `JSONType`.
    pub const fn as_str(self) -> &'static str {
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

impl Type {
    /// The definition behind a type, or behind the elements of a list.
    pub fn definition(self) -> Option<&'static Definition> {
        let mut ty = self;
        loop {
            match ty {
                Self::Builtin(_) => return None,
                Self::Array(element) => ty = element.get(),
                Self::Defined(definition) => return Some(definition),
            }
        }
    }

    /// The JSON type of the values. The values of an alternate have several JSON types, so the
    /// result is [`JsonKind::Value`]. Commands and events, which have no values, have this result
    /// too.
    pub fn json_kind(self) -> JsonKind {
        match self {
            Self::Builtin(builtin) => builtin.json_kind(),
            Self::Array(_) => JsonKind::Array,
            Self::Defined(definition) => match definition.kind {
                DefinitionKind::Enum(_) => JsonKind::String,
                DefinitionKind::Struct(_) | DefinitionKind::Union(_) => JsonKind::Object,
                DefinitionKind::Alternate(_)
                | DefinitionKind::Command(_)
                | DefinitionKind::Event(_) => JsonKind::Value,
            },
        }
    }
}

/// Displays the name in the schema language; for a list, the name of the element type in brackets.
impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Builtin(builtin) => f.pad(builtin.as_str()),
            Self::Array(element) => write!(f, "[{}]", element.get()),
            Self::Defined(definition) => f.pad(definition.name),
        }
    }
}

impl Builtin {
    /// All built-in types.
    pub const ALL: &'static [Self] = &[
        Self::Str,
        Self::Number,
        Self::Int,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Size,
        Self::Bool,
        Self::Null,
        Self::Any,
    ];

    /// The JSON type of the values.
    pub const fn json_kind(self) -> JsonKind {
        match self {
            Self::Str => JsonKind::String,
            Self::Number => JsonKind::Number,
            Self::Int
            | Self::Int8
            | Self::Int16
            | Self::Int32
            | Self::Int64
            | Self::Uint8
            | Self::Uint16
            | Self::Uint32
            | Self::Uint64
            | Self::Size => JsonKind::Int,
            Self::Bool => JsonKind::Boolean,
            Self::Null => JsonKind::Null,
            Self::Any => JsonKind::Value,
        }
    }

    /// The name in the schema language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Number => "number",
            Self::Int => "int",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Size => "size",
            Self::Bool => "bool",
            Self::Null => "null",
            Self::Any => "any",
        }
    }
}
