//! Definitions in the schema language's own form.

use serde_json::{Map, Value, json};

use crate::descriptor::{
    Alternate, Arguments, Command, Definition, DefinitionKind, EnumValue, Event, Feature, Member,
    Struct, Type, Union,
};
use crate::schema::model::shared_members;

/// A definition as an expression of the QAPI schema language, without documentation: an object
/// whose first member is the kind and the name.
///
/// How a command's function runs is no part of the interface and is left out; so is `boxed` where
/// there is nothing but a type's name to tell it by.
pub fn render(definition: &'static Definition) -> Value {
    let mut expression = Map::new();
    let mut put = |key: &str, value: Value| drop(expression.insert(key.to_owned(), value));
    let name = definition.name;
    match &definition.kind {
        DefinitionKind::Enum(data) => {
            put("enum", name.into());
            if let Some(prefix) = data.prefix {
                put("prefix", prefix.into());
            }
            put("data", enum_data(definition));
        }
        DefinitionKind::Struct(data) => {
            put("struct", name.into());
            struct_parts(data, &mut put);
        }
        DefinitionKind::Union(data) => {
            put("union", name.into());
            union_parts(definition, data, &mut put);
        }
        DefinitionKind::Alternate(data) => {
            put("alternate", name.into());
            put("data", alternate_data(data));
        }
        DefinitionKind::Command(data) => {
            put("command", name.into());
            command_parts(data, &mut put);
        }
        DefinitionKind::Event(Event { arguments, rate_limit: _ }) => {
            put("event", name.into());
            argument_parts(arguments, true, &mut put);
        }
    }
    if !definition.features.is_empty() {
        put("features", features(definition.features));
    }
    Value::Object(expression)
}

fn enum_data(definition: &'static Definition) -> Value {
    let value = |value: &EnumValue| match value.features {
        [] => Value::from(value.name),
        marked => json!({ "name": value.name, "features": features(marked) }),
    };
    definition.enum_values().into_iter().map(value).collect()
}

fn struct_parts(data: &'static Struct, put: &mut impl FnMut(&str, Value)) {
    if let Some(base) = data.base {
        put("base", type_name(base()));
    }
    put("data", members(data.members));
}

fn union_parts(
    definition: &'static Definition,
    data: &'static Union,
    put: &mut impl FnMut(&str, Value),
) {
    let base = match (data.base, data.members) {
        (Some(base), []) => type_name(base()),
        // The language has either a named base or a list of members: the list can hold both.
        (Some(_) | None, _) => {
            members(shared_members(definition).into_iter().map(|found| found.member))
        }
    };
    put("base", base);
    put("discriminator", data.discriminator.into());
    let branches = (data.branches)().iter();
    let adding = branches.filter_map(|branch| Some((branch.name, type_name(branch.ty?()))));
    put("data", object(adding));
}

fn alternate_data(data: &Alternate) -> Value {
    object(data.members.iter().map(|member| (member.name, type_name((member.ty)()))))
}

fn command_parts(data: &'static Command, put: &mut impl FnMut(&str, Value)) {
    argument_parts(&data.arguments, !data.raw, put);
    if let Some(returned) = (data.returns)() {
        put("returns", type_name(returned));
    }
    if data.raw {
        put("gen", false.into());
    }
    if data.allow_oob {
        put("allow-oob", true.into());
    }
    if data.allow_preconfig {
        put("allow-preconfig", true.into());
    }
    if !data.success_response {
        put("success-response", false.into());
    }
}

fn argument_parts(arguments: &'static Arguments, boxed: bool, put: &mut impl FnMut(&str, Value)) {
    match arguments {
        Arguments::Members([]) => {}
        Arguments::Members(listed) => put("data", members(*listed)),
        Arguments::Type(ty) => {
            put("data", type_name(ty()));
            if boxed {
                put("boxed", true.into());
            }
        }
    }
}

fn members(members: impl IntoIterator<Item = &'static Member>) -> Value {
    let entry = |member: &'static Member| {
        let mark = if member.optional { "*" } else { "" };
        let ty = type_name((member.ty)());
        let value = match member.features {
            [] => ty,
            marked => json!({ "type": ty, "features": features(marked) }),
        };
        (format!("{mark}{}", member.name), value)
    };
    object(members.into_iter().map(entry))
}

fn object<K: Into<String>>(entries: impl Iterator<Item = (K, Value)>) -> Value {
    Value::Object(entries.map(|(key, value)| (key.into(), value)).collect())
}

fn features(features: &[Feature]) -> Value {
    features.iter().map(|feature| Value::from(feature.name)).collect()
}

/// A type as the language names it: an array is a list of one name.
fn type_name(ty: Type) -> Value {
    match ty {
        Type::Builtin(builtin) => builtin.as_str().into(),
        Type::Array(element) => json!([type_name(element())]),
        Type::Defined(definition) => definition.name.into(),
    }
}
