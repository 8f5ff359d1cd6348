//! Names: one namespace, and no two that QEMU's generated C could not tell apart.

use std::collections::HashMap;

use crate::descriptor::{Builtin, Definition, DefinitionKind, Feature};
use crate::schema::model::{kind_name, own_members};
use crate::schema::{Conflict, Rule};

/// Rules [`Rule::NameDefinedOnce`], [`Rule::NamesDistinct`], [`Rule::NameNotBuiltin`].
pub(super) fn check(definitions: &[&'static Definition]) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let mut seen: HashMap<String, &'static Definition> = HashMap::new();
    for &definition in definitions {
        if is_predefined(definition.name) {
            conflicts.push(predefined(definition));
        }
        let first = *seen.entry(folded(definition.name)).or_insert(definition);
        if !std::ptr::eq(first, definition) {
            conflicts.push(if first.name == definition.name {
                defined_twice(first, definition)
            } else {
                indistinct(first, definition)
            });
        }
    }
    conflicts
}

fn defined_twice(first: &'static Definition, second: &'static Definition) -> Conflict {
    let message = format!(
        "`{}` is defined twice, as {} and as {}; commands, events and types share one namespace: \
         rename one",
        first.name,
        kind_name(first),
        kind_name(second),
    );
    Conflict::new(Rule::NameDefinedOnce, message, &[first, second])
}

fn indistinct(first: &'static Definition, second: &'static Definition) -> Conflict {
    let message = format!(
        "`{}` and `{}` differ only in `-`, `_` and `.`, which QEMU's generated C cannot tell \
         apart; rename one",
        first.name, second.name,
    );
    Conflict::new(Rule::NamesDistinct, message, &[first, second])
}

fn predefined(definition: &'static Definition) -> Conflict {
    let message = format!(
        "the {} `{}` has the name of a built-in type; rename it",
        kind_name(definition),
        definition.name,
    );
    Conflict::new(Rule::NameNotBuiltin, message, &[definition])
}

/// `QType` is an enumeration that the schema language brings along for its generated code.
fn is_predefined(name: &str) -> bool {
    name == "QType" || Builtin::ALL.iter().any(|builtin| builtin.as_str() == name)
}

/// The name as an identifier of C: what [`Rule::NamesDistinct`] compares.
pub(super) fn folded(name: &str) -> String {
    name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect()
}

/// Rule [`Rule::ListDistinct`], for each list of names in the definition.
pub(super) fn check_lists(definition: &'static Definition) -> Vec<Conflict> {
    let members = own_members(definition);
    let (what, entries): (_, Vec<_>) = match &definition.kind {
        DefinitionKind::Enum(data) => ("value", data.values.iter().map(|v| v.name).collect()),
        DefinitionKind::Alternate(data) => {
            ("alternative", data.members.iter().map(|member| member.name).collect())
        }
        DefinitionKind::Union(data) => {
            ("branch", (data.branches)().iter().map(|branch| branch.name).collect())
        }
        DefinitionKind::Struct(_) | DefinitionKind::Command(_) | DefinitionKind::Event(_) => {
            ("member", Vec::new())
        }
    };
    let mut conflicts = repeated(definition, what, entries.into_iter());
    conflicts.extend(repeated(definition, "member", members.iter().map(|member| member.name)));
    let entry_features = match &definition.kind {
        DefinitionKind::Enum(data) => data.values.iter().map(|value| value.features).collect(),
        DefinitionKind::Struct(_)
        | DefinitionKind::Union(_)
        | DefinitionKind::Alternate(_)
        | DefinitionKind::Command(_)
        | DefinitionKind::Event(_) => Vec::new(),
    };
    let member_features = members.iter().map(|member| member.features);
    for features in entry_features.into_iter().chain(member_features).chain([definition.features])
    {
        let names = features.iter().map(|feature: &Feature| feature.name);
        conflicts.extend(repeated(definition, "feature", names));
    }
    conflicts
}

fn repeated(
    definition: &'static Definition,
    what: &str,
    names: impl Iterator<Item = &'static str>,
) -> Vec<Conflict> {
    let mut seen: HashMap<String, &'static str> = HashMap::new();
    let mut conflicts = Vec::new();
    for name in names {
        if let Some(first) = seen.insert(folded(name), name) {
            let message = format!(
                "the {} `{}` has the {what}s `{first}` and `{name}`, which cannot be told apart; \
                 rename one",
                kind_name(definition),
                definition.name,
            );
            conflicts.push(Conflict::new(Rule::ListDistinct, message, &[definition]));
        }
    }
    conflicts
}
