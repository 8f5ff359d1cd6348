//! The manual of a server that serves its documentation.

use std::collections::HashSet;

use qapi_core::documentation::{
    DefinitionDocumentation, DocumentedKind, FeatureDocumentation, PartDocumentation,
};
use qapi_core::introspection::info::{SchemaInfo, SchemaInfoKind};

use super::{
    Branch, Definition, Feature, Kind, Manual, Marks, Module, OUT_OF_BAND, Part, TypeName,
};
use crate::doc::markup::{Block, markdown};

/// The manual of definitions. Its modules are the packages that define them.
///
/// `entities` is the schema of the same server.
pub(crate) fn from_documentation(
    mut documented: Vec<DefinitionDocumentation>,
    entities: &[SchemaInfo],
    title: String,
) -> Manual {
    documented
        .sort_by(|one, other| (&one.package, &one.name).cmp(&(&other.package, &other.name)));
    let out_of_band: HashSet<&str> = entities.iter().filter_map(out_of_band).collect();
    let mut modules: Vec<Module> = Vec::new();
    let mut definitions = Vec::with_capacity(documented.len());
    for documentation in documented {
        if modules.last().is_none_or(|last| last.name != documentation.package) {
            modules.push(Module { name: documentation.package.clone(), text: Vec::new() });
        }
        let is_out_of_band = out_of_band.contains(documentation.name.as_str());
        definitions.push(definition(documentation, modules.len() - 1, is_out_of_band));
    }
    Manual { title, modules, definitions }
}

/// The name of a command that may be executed out of band.
fn out_of_band(entity: &SchemaInfo) -> Option<&str> {
    match &entity.meta_type {
        SchemaInfoKind::Command(command) if command.allow_oob == Some(true) => Some(&entity.name),
        _ => None,
    }
}

fn definition(found: DefinitionDocumentation, module: usize, is_out_of_band: bool) -> Definition {
    let text = |text: Option<String>| blocks(&text.unwrap_or_default());
    let branches = found.branches.into_iter().flatten().map(|branch| Branch {
        value: branch.value,
        ty: TypeName::parse(&branch.branch_type),
        condition: None,
    });
    Definition {
        kind: kind(found.kind),
        module,
        marks: marks(found.since, found.features),
        text: blocks(&found.doc),
        parts: found.members.into_iter().map(part).collect(),
        data: found.data.as_deref().map(TypeName::parse),
        base: None,
        discriminator: found.discriminator,
        branches: branches.collect(),
        returns: found.return_type.as_deref().map(TypeName::parse),
        returns_text: text(found.returns),
        errors: text(found.errors),
        examples: text(found.examples),
        remarks: if is_out_of_band { vec![OUT_OF_BAND] } else { Vec::new() },
        source: format!("package {}", found.package),
        name: found.name,
    }
}

fn kind(kind: DocumentedKind) -> Kind {
    match kind {
        DocumentedKind::Enum => Kind::Enum,
        DocumentedKind::Struct => Kind::Struct,
        DocumentedKind::Union => Kind::Union,
        DocumentedKind::Alternate => Kind::Alternate,
        DocumentedKind::Command => Kind::Command,
        DocumentedKind::Event => Kind::Event,
    }
}

fn blocks(text: &str) -> Vec<Block> {
    markdown::parse(text)
}

fn marks(since: Option<String>, features: Vec<FeatureDocumentation>) -> Marks {
    let feature = |found: FeatureDocumentation| Feature {
        name: found.name,
        text: blocks(&found.doc),
        condition: None,
    };
    Marks { since, features: features.into_iter().map(feature).collect(), condition: None }
}

fn part(found: PartDocumentation) -> Part {
    Part {
        name: found.name,
        ty: found.part_type.as_deref().map(TypeName::parse),
        optional: found.optional,
        marks: marks(found.since, found.features),
        text: blocks(&found.doc),
    }
}
