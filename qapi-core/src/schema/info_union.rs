//! [`SchemaInfo`] as a union of the schema.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::__private::{Branch, source, visit_object};
use crate::__private::{Definition, DefinitionKind, Member, Type, Union, member, object_type};
use crate::error::Result;
use crate::schema::info::*;
use crate::types::{QapiObject, QapiType};
use crate::visitor::{Input, ObjectVisitor};

static MEMBERS: &[Member] = &[
    member::<String>(
        "name",
        "The name; that of a type has a meaning only within one answer.",
        None,
        &[],
    ),
    member::<SchemaMetaType>("meta-type", "What kind of entity this is.", None, &[]),
    member::<Option<Vec<String>>>("features", "Its special features.", Some("4.1"), &[]),
];

static BRANCHES: &[Branch] = &[
    Branch { name: "builtin", ty: Some(object_type::<SchemaInfoBuiltin>()) },
    Branch { name: "enum", ty: Some(object_type::<SchemaInfoEnum>()) },
    Branch { name: "array", ty: Some(object_type::<SchemaInfoArray>()) },
    Branch { name: "object", ty: Some(object_type::<SchemaInfoObject>()) },
    Branch { name: "alternate", ty: Some(object_type::<SchemaInfoAlternate>()) },
    Branch { name: "command", ty: Some(object_type::<SchemaInfoCommand>()) },
    Branch { name: "event", ty: Some(object_type::<SchemaInfoEvent>()) },
];

static SCHEMA_INFO: Definition = Definition {
    name: "SchemaInfo",
    doc: "One command, event or type, as clients are told of it.",
    since: Some("2.5"),
    features: &[],
    source: source!(),
    kind: DefinitionKind::Union(Union {
        base: None,
        members: MEMBERS,
        discriminator: "meta-type",
        branches: || BRANCHES,
    }),
};

impl Serialize for SchemaInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::__private::serialize_object(self, serializer)
    }
}

impl QapiType for SchemaInfo {
    fn schema_type() -> Type {
        Type::Defined(&SCHEMA_INFO)
    }

    fn visit(input: Input<'_, '_>) -> Result<Self> {
        visit_object(input)
    }
}

impl QapiObject for SchemaInfo {
    fn visit_members(object: &mut ObjectVisitor<'_, '_>) -> Result<Self> {
        let name = object.member("name")?;
        let tag: SchemaMetaType = object.member("meta-type")?;
        let features = object.member("features")?;
        let meta_type = match tag {
            SchemaMetaType::Builtin => {
                SchemaInfoKind::Builtin(SchemaInfoBuiltin::visit_members(object)?)
            }
            SchemaMetaType::Enum => SchemaInfoKind::Enum(SchemaInfoEnum::visit_members(object)?),
            SchemaMetaType::Array => {
                SchemaInfoKind::Array(SchemaInfoArray::visit_members(object)?)
            }
            SchemaMetaType::Object => {
                SchemaInfoKind::Object(SchemaInfoObject::visit_members(object)?)
            }
            SchemaMetaType::Alternate => {
                SchemaInfoKind::Alternate(SchemaInfoAlternate::visit_members(object)?)
            }
            SchemaMetaType::Command => {
                SchemaInfoKind::Command(SchemaInfoCommand::visit_members(object)?)
            }
            SchemaMetaType::Event => {
                SchemaInfoKind::Event(SchemaInfoEvent::visit_members(object)?)
            }
        };
        Ok(Self { name, meta_type, features })
    }

    fn serialize_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("name", &self.name)?;
        let tag = match &self.meta_type {
            SchemaInfoKind::Builtin(_) => SchemaMetaType::Builtin,
            SchemaInfoKind::Enum(_) => SchemaMetaType::Enum,
            SchemaInfoKind::Array(_) => SchemaMetaType::Array,
            SchemaInfoKind::Object(_) => SchemaMetaType::Object,
            SchemaInfoKind::Alternate(_) => SchemaMetaType::Alternate,
            SchemaInfoKind::Command(_) => SchemaMetaType::Command,
            SchemaInfoKind::Event(_) => SchemaMetaType::Event,
        };
        map.serialize_entry("meta-type", &tag)?;
        if let Some(features) = &self.features {
            map.serialize_entry("features", features)?;
        }
        match &self.meta_type {
            SchemaInfoKind::Builtin(data) => data.serialize_members(map),
            SchemaInfoKind::Enum(data) => data.serialize_members(map),
            SchemaInfoKind::Array(data) => data.serialize_members(map),
            SchemaInfoKind::Object(data) => data.serialize_members(map),
            SchemaInfoKind::Alternate(data) => data.serialize_members(map),
            SchemaInfoKind::Command(data) => data.serialize_members(map),
            SchemaInfoKind::Event(data) => data.serialize_members(map),
        }
    }
}
