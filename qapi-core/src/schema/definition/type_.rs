//! The types of the schema: what members, arguments and returned values are of.

use super::Definition;

/// A type of the schema, named by function.
pub type TypeRef = fn() -> Type;

/// A type of the schema.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// One that the schema language brings along.
    Builtin(Builtin),
    /// A list.
    Array(TypeRef),
    /// One that an annotation defines.
    Defined(&'static Definition),
}

/// The types that the schema language brings along (QAPI schema language, "Built-in Types").
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

/// Its name in the schema language; that of a list is the name of its elements' type in brackets.
impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Builtin(builtin) => f.pad(builtin.as_str()),
            Self::Array(element) => write!(f, "[{}]", element()),
            Self::Defined(definition) => f.pad(definition.name),
        }
    }
}

impl Builtin {
    /// All of them.
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
