//! The types of the answer of `query-qmp-schema` (schema file `introspect.json`).

use crate::schema::definition::type_::JsonKind;
use crate::{qapi_enum, qapi_struct, qapi_union};

/// The kinds of entity in an answer of `query-qmp-schema`.
#[qapi_enum(crate = crate, since = "2.5")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaMetaType {
    /// A built-in type of the schema language.
    Builtin,
    /// An enumeration.
    Enum,
    /// A list.
    Array,
    /// A struct or union, or the arguments of a command or event.
    Object,
    /// An alternate.
    Alternate,
    /// A command.
    Command,
    /// An event.
    Event,
}

/// One command, event or type in an answer of `query-qmp-schema`.
///
/// Commands and events have their own names. The name of a type only connects the entities of one
/// answer, and may change with every build. To find a type, follow the references from a command or
/// event.
#[qapi_union(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfo {
    /// The name. The name of a type is valid only within one answer.
    pub name: String,
    /// The kind of the entity.
    #[qapi(discriminator)]
    pub meta_type: SchemaInfoKind,
    /// Its special features.
    #[qapi(since = "4.1")]
    pub features: Option<Vec<String>>,
}

/// The data of a [`SchemaInfo`] that depends on the kind of the entity.
#[qapi_union(crate = crate, tag = SchemaMetaType)]
#[derive(Debug, Clone, PartialEq)]
pub enum SchemaInfoKind {
    /// A built-in type of the schema language.
    Builtin(SchemaInfoBuiltin),
    /// An enumeration.
    Enum(SchemaInfoEnum),
    /// A list.
    Array(SchemaInfoArray),
    /// A struct or union, or the arguments of a command or event.
    Object(SchemaInfoObject),
    /// An alternate.
    Alternate(SchemaInfoAlternate),
    /// A command.
    Command(SchemaInfoCommand),
    /// An event.
    Event(SchemaInfoEvent),
}

/// A built-in type of the schema language.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoBuiltin {
    /// The JSON type of the values.
    pub json_type: JsonType,
}

/// The JSON types of values. Numbers without a fraction have a type of their own.
#[qapi_enum(crate = crate, name = "JSONType", since = "2.5")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// A string.
    String,
    /// Any number.
    Number,
    /// A number without fraction.
    Int,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
    /// An object.
    Object,
    /// An array.
    Array,
    /// Any value.
    Value,
}

impl From<JsonKind> for JsonType {
    fn from(kind: JsonKind) -> Self {
        match kind {
            JsonKind::String => Self::String,
            JsonKind::Number => Self::Number,
            JsonKind::Int => Self::Int,
            JsonKind::Boolean => Self::Boolean,
            JsonKind::Null => Self::Null,
            JsonKind::Object => Self::Object,
            JsonKind::Array => Self::Array,
            JsonKind::Value => Self::Value,
        }
    }
}

/// An enumeration.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoEnum {
    /// The values, in no particular order.
    #[qapi(since = "6.2")]
    pub members: Vec<SchemaInfoEnumMember>,
    /// The names of the values, for old clients.
    #[qapi(features(deprecated(since = "6.2")))]
    pub values: Vec<String>,
}

/// One value of an enumeration.
#[qapi_struct(crate = crate, since = "6.2")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoEnumMember {
    /// The string on the wire.
    pub name: String,
    /// Its special features.
    pub features: Option<Vec<String>>,
}

/// A list.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoArray {
    /// The type of the elements.
    pub element_type: String,
}

/// A struct or union, or the arguments of a command or event.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoObject {
    /// The members that all values have, in no particular order.
    pub members: Vec<SchemaInfoObjectMember>,
    /// The name of the member whose value selects the variant, if the object has variants.
    pub tag: Option<String>,
    /// The members that each value of `tag` adds.
    pub variants: Option<Vec<SchemaInfoObjectVariant>>,
}

/// A member of an object.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoObjectMember {
    /// The name on the wire.
    pub name: String,
    /// The type of its value.
    #[qapi(name = "type")]
    pub member_type: String,
    /// Present if the member is optional. The value is always `null`.
    pub default: Option<serde_json::Value>,
    /// Its special features.
    #[qapi(since = "5.0")]
    pub features: Option<Vec<String>>,
}

/// The members that one value of an object's tag adds.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoObjectVariant {
    /// The value of the tag.
    pub case: String,
    /// The object type with the added members.
    #[qapi(name = "type")]
    pub variant_type: String,
}

/// An alternate.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoAlternate {
    /// The alternatives, in no particular order.
    pub members: Vec<SchemaInfoAlternateMember>,
}

/// One alternative of an alternate.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoAlternateMember {
    /// Its type.
    #[qapi(name = "type")]
    pub alternative_type: String,
}

/// A command.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoCommand {
    /// The object type of its arguments.
    pub arg_type: String,
    /// The type of the return value.
    pub ret_type: String,
    /// Whether the command may be executed out of band; absent if it may not.
    #[qapi(since = "2.12")]
    pub allow_oob: Option<bool>,
}

/// An event.
#[qapi_struct(crate = crate, since = "2.5")]
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaInfoEvent {
    /// The object type of its data.
    pub arg_type: String,
}
