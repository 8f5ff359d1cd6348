//! Interfaces from the answer of `query-qmp-schema`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use qapi_core::Returned;
use qapi_core::introspection::info::{
    JsonType, SchemaInfo, SchemaInfoEnum, SchemaInfoKind, SchemaInfoObject,
};
use qapi_core::wire::Document;
use serde_json::Value;

use super::interface::{
    Command, Event, Interface, Member, Object, Part, Scalar, Type, TypeIndex, TypeKind, Variants,
};

impl Interface {
    /// The interface of a server: the answer of `query-qmp-schema`, or an object whose member
    /// `return` is it. Answers from before QEMU 6.2, where values had no features, are read too.
    ///
    /// # Errors
    /// The value is no such answer, or it refers to a type that it does not have; returns an error
    /// text.
    pub fn from_introspection(mut answer: Value) -> Result<Self, String> {
        if let Some(returned) = answer.get_mut("return") {
            answer = returned.take();
        }
        let entities = answer.as_array_mut().ok_or("an introspection is an array")?;
        entities.iter_mut().for_each(complete);
        let document = Document::from_json(&answer).map_err(|error| error.to_string())?;
        let entities = Vec::<SchemaInfo>::read(document.root());
        Self::of_entities(&entities.map_err(|error| error.to_string())?)
    }

    fn of_entities(entities: &[SchemaInfo]) -> Result<Self, String> {
        let is_type = |entity: &&SchemaInfo| {
            !matches!(entity.meta_type, SchemaInfoKind::Command(_) | SchemaInfoKind::Event(_))
        };
        let indexes: HashMap<&str, TypeIndex> =
            entities.iter().filter(is_type).map(|entity| entity.name.as_str()).zip(1..).collect();
        let reader = Reader { indexes };
        let mut interface = Self::new(false);
        for entity in entities {
            let part = part_of(entity.features.as_deref());
            match &entity.meta_type {
                SchemaInfoKind::Command(command) => {
                    let command = Command {
                        part,
                        arguments: reader.index(&command.arg_type)?,
                        returns: reader.index(&command.ret_type)?,
                        allow_oob: command.allow_oob == Some(true),
                        allow_preconfig: false,
                        success_response: true,
                    };
                    interface.commands.insert(entity.name.clone(), command);
                }
                SchemaInfoKind::Event(event) => {
                    let event = Event { part, data: reader.index(&event.arg_type)? };
                    interface.events.insert(entity.name.clone(), event);
                }
                kind => {
                    let is_named = entity.name.starts_with(|first: char| first.is_alphabetic())
                        && !entity.name.starts_with("q_");
                    let name = is_named.then(|| entity.name.clone());
                    let kind = reader.kind(kind)?;
                    interface.types.push(Arc::new(Type { part, name, kind }));
                }
            }
        }
        Ok(interface)
    }
}

/// Adds the member that enumerations lack before QEMU 6.2.
fn complete(entity: &mut Value) {
    let Some(object) = entity.as_object_mut() else { return };
    if object.get("meta-type").and_then(Value::as_str) == Some("enum")
        && !object.contains_key("members")
    {
        let names = object.get("values").and_then(Value::as_array).into_iter().flatten();
        let members: Vec<_> = names.map(|name| serde_json::json!({ "name": name })).collect();
        object.insert("members".to_owned(), members.into());
    }
}

fn part_of(features: Option<&[String]>) -> Part {
    Part { features: features.unwrap_or_default().to_vec(), ..Part::default() }
}

struct Reader<'e> {
    indexes: HashMap<&'e str, TypeIndex>,
}

impl Reader<'_> {
    fn index(&self, name: &str) -> Result<TypeIndex, String> {
        self.indexes.get(name).copied().ok_or_else(|| format!("there is no type `{name}`"))
    }

    fn kind(&self, kind: &SchemaInfoKind) -> Result<TypeKind, String> {
        Ok(match kind {
            SchemaInfoKind::Builtin(builtin) => TypeKind::Scalar(match builtin.json_type {
                JsonType::String => Scalar::String,
                JsonType::Number => Scalar::Number,
                JsonType::Int => Scalar::Int(None),
                JsonType::Boolean => Scalar::Boolean,
                JsonType::Null => Scalar::Null,
                JsonType::Object | JsonType::Array | JsonType::Value => Scalar::Any,
            }),
            SchemaInfoKind::Enum(data) => TypeKind::Enum(values(data)),
            SchemaInfoKind::Array(array) => TypeKind::Array(self.index(&array.element_type)?),
            SchemaInfoKind::Object(object) => TypeKind::Object(self.object(object)?),
            SchemaInfoKind::Alternate(alternate) => {
                let types = alternate.members.iter().map(|found| &found.alternative_type);
                TypeKind::Alternate(types.map(|name| self.index(name)).collect::<Result<_, _>>()?)
            }
            SchemaInfoKind::Command(_) | SchemaInfoKind::Event(_) => TypeKind::empty(),
        })
    }

    fn object(&self, object: &SchemaInfoObject) -> Result<Object, String> {
        let mut members = BTreeMap::new();
        for member in &object.members {
            let part = part_of(member.features.as_deref());
            let ty = self.index(&member.member_type)?;
            let optional = member.default.is_some();
            members.insert(member.name.clone(), Member { part, optional, ty });
        }
        let mut cases = BTreeMap::new();
        for variant in object.variants.iter().flatten() {
            let index = self.index(&variant.variant_type)?;
            cases.insert(variant.case.clone(), index);
        }
        let variants = object.tag.clone().map(|tag| Variants { tag, cases });
        Ok(Object { members, variants })
    }
}

fn values(data: &SchemaInfoEnum) -> BTreeMap<String, Part> {
    let value = |member: &qapi_core::introspection::info::SchemaInfoEnumMember| {
        (member.name.clone(), part_of(member.features.as_deref()))
    };
    data.members.iter().map(value).collect()
}
