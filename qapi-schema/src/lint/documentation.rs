//! Lints for documentation.

use super::Remark;
use crate::doc::DocKind;
use crate::model::{Definition, Feature, Name};
use crate::schema::Schema;

/// Definitions without documentation.
pub(super) fn undocumented_definition(schema: &Schema) -> Vec<Remark> {
    let bare = schema.definitions().iter().filter(|definition| definition.doc.is_none());
    let remark = |definition: &Definition| {
        let (kind, name) = (definition.kind.as_str(), &definition.name);
        Remark {
            place: name.span,
            message: format!("the {kind} `{}` has no documentation", name.text),
            help: format!("write a block that begins with `# @{}:` above", name.text),
        }
    };
    bare.map(remark).collect()
}

/// Members without documentation in definitions with documentation.
pub(super) fn undocumented_member(schema: &Schema) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for definition in schema.definitions() {
        let Some(doc) = &definition.doc else { continue };
        for (role, Name { text, span }) in definition.described_parts() {
            if doc.section(&DocKind::Member(text.clone())).is_none() {
                remarks.push(Remark {
                    place: *span,
                    message: format!(
                        "the {role} `{text}` of `{}` has no documentation",
                        definition.name.text
                    ),
                    help: format!("write `# @{text}: text` above"),
                });
            }
        }
    }
    remarks
}

/// Documented definitions without `Since`.
pub(super) fn missing_since(schema: &Schema) -> Vec<Remark> {
    let lacks = |definition: &&Definition| {
        let doc = definition.doc.as_ref();
        doc.is_some_and(|doc| doc.section(&DocKind::Tag("Since")).is_none())
    };
    let remark = |definition: &Definition| Remark {
        place: definition.name.span,
        message: format!("the documentation of `{}` has no `Since`", definition.name.text),
        help: "end the block with `# Since: VERSION`".to_owned(),
    };
    schema.definitions().iter().filter(lacks).map(remark).collect()
}

/// Deprecated parts whose documentation does not say what to use instead. The feature's section in
/// the documentation of a definition is for all of its parts.
pub(super) fn deprecated_without_replacement(schema: &Schema) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for definition in schema.definitions() {
        let section = DocKind::Feature("deprecated".to_owned());
        let doc = definition.doc.as_ref().and_then(|doc| doc.section(&section));
        let text = doc.map_or("", |section| section.text.as_str());
        let names_other = ["`", "instead", "use ", "Use ", "replace"];
        if names_other.iter().any(|word| text.contains(word)) {
            continue;
        }
        for (role, name, features) in definition.features_by_part() {
            let deprecated = |found: &&Feature| found.name.text == "deprecated";
            if let Some(feature) = features.iter().find(deprecated) {
                remarks.push(Remark {
                    place: feature.name.span,
                    message: format!(
                        "the {role} `{}` is deprecated, and its documentation names no replacement",
                        name.text
                    ),
                    help: "write what to use instead under `# @deprecated:`".to_owned(),
                });
            }
        }
    }
    remarks
}
