//! Alternates: the JSON type of a value must identify its alternative.

use crate::schema::check::objects::with_defined;
use crate::schema::conflict::{Conflict, Rule};
use crate::schema::definition::object::{Alternate, AlternateMember};
use crate::schema::definition::type_::{JsonKind, Type};
use crate::schema::definition::{Definition, DefinitionKind};
use crate::schema::query::{as_enum, describe};

pub(super) fn check(definition: &'static Definition) -> Vec<Conflict> {
    match &definition.kind {
        DefinitionKind::Alternate(alternate) => check_alternate(definition, alternate),
        DefinitionKind::Enum(_)
        | DefinitionKind::Struct(_)
        | DefinitionKind::Union(_)
        | DefinitionKind::Command(_)
        | DefinitionKind::Event(_) => Vec::new(),
    }
}

/// Rules [`Rule::AlternateHasMember`], [`Rule::AlternativeHasJsonType`] and
/// [`Rule::AlternativesDistinct`].
fn check_alternate(
    definition: &'static Definition,
    alternate: &'static Alternate,
) -> Vec<Conflict> {
    if alternate.members.is_empty() {
        let message = format!("the alternate `{}` has no alternative", definition.name);
        return vec![Conflict::new(Rule::AlternateHasMember, message, &[definition])];
    }
    let mut seen: Vec<(JsonKind, &'static AlternateMember)> = Vec::new();
    let mut conflicts = Vec::new();
    for member in alternate.members {
        let ty = member.ty.get();
        let claimed = claimed(ty);
        if claimed.is_empty() {
            conflicts.push(indefinite(definition, member, ty));
        }
        let rival = seen.iter().find(|(json_type, _)| claimed.contains(json_type));
        if let Some(&(json_type, first)) = rival {
            conflicts.push(indistinct(definition, member, first, json_type));
        }
        seen.extend(claimed.into_iter().map(|json_type| (json_type, member)));
    }
    conflicts
}

fn indefinite(definition: &'static Definition, member: &AlternateMember, ty: Type) -> Conflict {
    let message = format!(
        "the alternative `{}` of the alternate `{}` is {}, which has no single JSON type",
        member.name,
        definition.name,
        describe(ty),
    );
    Conflict::new(Rule::AlternativeHasJsonType, message, &with_defined(definition, ty))
}

fn indistinct(
    definition: &'static Definition,
    member: &AlternateMember,
    first: &AlternateMember,
    json_type: JsonKind,
) -> Conflict {
    let message = format!(
        "the alternative `{}` of the alternate `{}` cannot be distinguished from `{}`: \
         either may be a JSON {}",
        member.name,
        definition.name,
        first.name,
        json_type.as_str(),
    );
    Conflict::new(Rule::AlternativesDistinct, message, &[definition])
}

/// The JSON types that an alternative claims; none if its type has no single JSON type.
///
/// On a command line every value is a string, so that a string may be a number or a boolean. A
/// string alternative therefore claims these too. An enumeration claims a type if one of its values
/// can be read as a value of the type.
fn claimed(ty: Type) -> Vec<JsonKind> {
    let json_type = match ty.json_kind() {
        JsonKind::Value => return Vec::new(),
        JsonKind::Int => JsonKind::Number,
        definite @ (JsonKind::String
        | JsonKind::Number
        | JsonKind::Boolean
        | JsonKind::Null
        | JsonKind::Object
        | JsonKind::Array) => definite,
    };
    if json_type != JsonKind::String {
        return vec![json_type];
    }
    let Some(enumeration) = as_enum(ty) else {
        return vec![JsonKind::String, JsonKind::Number, JsonKind::Boolean];
    };
    let values = enumeration.enum_values();
    let any = |is_like: fn(&str) -> bool| values.iter().any(|v| is_like(v.name));
    let mut claimed = vec![JsonKind::String];
    if any(|name| name.starts_with(|first: char| first.is_ascii_digit() || "-+.".contains(first)))
    {
        claimed.push(JsonKind::Number);
    }
    if any(|name| matches!(name, "on" | "off")) {
        claimed.push(JsonKind::Boolean);
    }
    claimed
}
