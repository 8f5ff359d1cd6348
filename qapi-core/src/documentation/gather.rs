//! From definitions to their documentation.

use std::collections::HashMap;

use super::info::{
    BranchDocumentation, DefinitionDocumentation, DocumentedKind, FeatureDocumentation,
    PartDocumentation,
};
use crate::introspection::info::{
    SchemaInfo, SchemaInfoKind, SchemaInfoObject, SchemaInfoObjectMember,
};
use crate::introspection::introspect::Mask;
use crate::registry::Registry;
use crate::schema::definition::enum_::EnumValue;
use crate::schema::definition::object::{AlternateMember, Member};
use crate::schema::definition::{Definition, DefinitionKind, Feature, SectionKind};
use crate::schema::query::{as_command, as_union, own_members, shared_members};

/// The documentation of all commands and events and of the types that they refer to, sorted by
/// name.
///
/// ```standalone_crate
/// use qapi_core::Registry;
/// use qapi_core::documentation::document;
///
/// let registry = Registry::collect()?;
/// for definition in document(&registry) {
///     println!("{}: {}", definition.name, definition.doc);
/// }
/// # Ok::<(), qapi_core::registry::RegistryError>(())
/// ```
pub fn document(registry: &Registry) -> Vec<DefinitionDocumentation> {
    document_shown(registry, registry.introspect(Mask::Unmasked))
}

/// The documentation of the definitions in `shown`, an introspection with unmasked names of types.
pub(crate) fn document_shown(
    registry: &Registry,
    shown: Vec<SchemaInfo>,
) -> Vec<DefinitionDocumentation> {
    let shown: HashMap<String, SchemaInfo> =
        shown.into_iter().map(|info| (info.name.clone(), info)).collect();
    let document = |definition: &'static Definition| {
        let info = shown.get(definition.name)?;
        Some(definition_documentation(registry, definition, info, &shown))
    };
    registry.definitions().filter_map(document).collect()
}

fn definition_documentation(
    registry: &Registry,
    definition: &'static Definition,
    info: &SchemaInfo,
    shown: &HashMap<String, SchemaInfo>,
) -> DefinitionDocumentation {
    let section = |kind| definition.section(kind).map(str::to_owned);
    let object = object(info, shown);
    let return_type = as_command(definition).and_then(|command| command.returns.get());
    DefinitionDocumentation {
        name: definition.name.to_owned(),
        kind: DocumentedKind::of(definition),
        doc: definition.doc.to_owned(),
        returns: section(SectionKind::Returns),
        errors: section(SectionKind::Errors),
        examples: section(SectionKind::Examples),
        since: definition.since.map(str::to_owned),
        features: features(definition.features, info.features.as_deref()),
        members: parts(registry, definition, info, object),
        data: data(info, shown),
        return_type: return_type.map(|ty| ty.to_string()),
        discriminator: as_union(definition).map(|union| union.discriminator.to_owned()),
        branches: object.and_then(branches),
        package: definition.source.package.to_owned(),
    }
}

impl DocumentedKind {
    fn of(definition: &Definition) -> Self {
        match definition.kind {
            DefinitionKind::Enum(_) => Self::Enum,
            DefinitionKind::Struct(_) => Self::Struct,
            DefinitionKind::Union(_) => Self::Union,
            DefinitionKind::Alternate(_) => Self::Alternate,
            DefinitionKind::Command(_) => Self::Command,
            DefinitionKind::Event(_) => Self::Event,
        }
    }
}

/// The name of the object type of a command's arguments or an event's data.
fn arguments(info: &SchemaInfo) -> Option<&str> {
    match &info.meta_type {
        SchemaInfoKind::Command(command) => Some(&command.arg_type),
        SchemaInfoKind::Event(event) => Some(&event.arg_type),
        SchemaInfoKind::Builtin(_)
        | SchemaInfoKind::Enum(_)
        | SchemaInfoKind::Array(_)
        | SchemaInfoKind::Object(_)
        | SchemaInfoKind::Alternate(_) => None,
    }
}

/// Whether a type has no name in the schema: the arguments that a command lists, or the empty
/// object.
fn is_implicit(ty: &str) -> bool {
    ty.starts_with("q_")
}

/// The name of the type of the arguments or data, if the definition does not list them itself.
fn data(info: &SchemaInfo, shown: &HashMap<String, SchemaInfo>) -> Option<String> {
    let ty = arguments(info).filter(|ty| !is_implicit(ty) && shown.contains_key(*ty))?;
    Some(ty.to_owned())
}

/// The object type of a struct or union, or of the arguments that a command or event lists.
fn object<'a>(
    info: &'a SchemaInfo,
    shown: &'a HashMap<String, SchemaInfo>,
) -> Option<&'a SchemaInfoObject> {
    let info = match arguments(info) {
        Some(ty) => shown.get(ty).filter(|_| is_implicit(ty))?,
        None => info,
    };
    match &info.meta_type {
        SchemaInfoKind::Object(object) => Some(object),
        SchemaInfoKind::Builtin(_)
        | SchemaInfoKind::Enum(_)
        | SchemaInfoKind::Array(_)
        | SchemaInfoKind::Alternate(_)
        | SchemaInfoKind::Command(_)
        | SchemaInfoKind::Event(_) => None,
    }
}

fn parts(
    registry: &Registry,
    definition: &'static Definition,
    info: &SchemaInfo,
    object: Option<&SchemaInfoObject>,
) -> Vec<PartDocumentation> {
    if let SchemaInfoKind::Enum(shown) = &info.meta_type {
        let values = definition.enum_values();
        let part = |value: &EnumValue| {
            let shown = shown.members.iter().find(|shown| shown.name == value.name)?;
            Some(PartDocumentation {
                name: value.name.to_owned(),
                doc: value.doc.to_owned(),
                part_type: None,
                optional: false,
                since: value.since.map(str::to_owned),
                features: features(value.features, shown.features.as_deref()),
            })
        };
        return values.into_iter().filter_map(part).collect();
    }
    if let DefinitionKind::Alternate(alternate) = &definition.kind {
        let has = |member: &&AlternateMember| {
            registry.projection().is_none_or(|to| to.has_part(definition, member))
        };
        return alternate.members.iter().filter(has).map(alternative).collect();
    }
    let members: Vec<&Member> = match arguments(info) {
        Some(_) => own_members(definition).iter().collect(),
        None => shared_members(definition).iter().map(|found| found.member).collect(),
    };
    let shown = |member: &Member| object?.members.iter().find(|shown| shown.name == member.name);
    members.into_iter().filter_map(|found| Some(member(found, shown(found)?))).collect()
}

fn alternative(member: &AlternateMember) -> PartDocumentation {
    PartDocumentation {
        name: member.name.to_owned(),
        doc: member.doc.to_owned(),
        part_type: Some(member.ty.get().to_string()),
        optional: false,
        since: member.since.map(str::to_owned),
        features: Vec::new(),
    }
}

fn member(member: &Member, shown: &SchemaInfoObjectMember) -> PartDocumentation {
    PartDocumentation {
        name: member.name.to_owned(),
        doc: member.doc.to_owned(),
        part_type: Some(member.ty.get().to_string()),
        optional: member.optional,
        since: member.since.map(str::to_owned),
        features: features(member.features, shown.features.as_deref()),
    }
}

/// The documentation of the features in `all` whose names are in `shown`.
fn features(all: &[Feature], shown: Option<&[String]>) -> Vec<FeatureDocumentation> {
    let is_shown = |feature: &&Feature| {
        shown.is_some_and(|shown| shown.iter().any(|name| name == feature.name))
    };
    let documentation = |feature: &Feature| FeatureDocumentation {
        name: feature.name.to_owned(),
        doc: feature.doc.to_owned(),
    };
    all.iter().filter(is_shown).map(documentation).collect()
}

/// The branches of a union that add members.
fn branches(object: &SchemaInfoObject) -> Option<Vec<BranchDocumentation>> {
    let variants = object.variants.as_ref()?.iter();
    let adding = variants.filter(|variant| !is_implicit(&variant.variant_type));
    let branch = |value: &str, ty: &str| BranchDocumentation {
        value: value.to_owned(),
        branch_type: ty.to_owned(),
    };
    Some(adding.map(|variant| branch(&variant.case, &variant.variant_type)).collect())
}
