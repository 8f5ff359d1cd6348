//! The rules for the schema as a whole. Most are those of `qapi-core`, which checks the annotations
//! of a program by them when it starts; the rest concerns what only files have.
//!
//! | file | rules |
//! |---|---|
//! | `references` | the types that definitions name exist; which definitions are sound |
//! | `contents` | chains of types that contain each other are bounded |
//! | `calls` | arguments and discriminators: `boxed` and conditions |
//! | `conflicts` | conflicts that `qapi-core` finds, with their places in files |

mod calls;
mod conflicts;
mod contents;
mod references;

use std::collections::HashMap;

use crate::finding::Finding;
use crate::model::{Definition, Kind, Member, Members, TypeName};
use crate::source::Sources;

pub(crate) use references::{Known, named};

/// Reports the errors of the schema as a whole. Definitions with errors of their own take no part.
pub(crate) fn check(
    definitions: &[Definition],
    known: &Known,
    sources: &Sources,
    findings: &mut Vec<Finding>,
) {
    let names = by_name(definitions);
    let sound = references::check(definitions, &names, known, findings);
    let is_bounded = contents::check(definitions, &names, findings);
    if !is_bounded {
        return;
    }
    let sound: Vec<_> = definitions
        .iter()
        .zip(sound)
        .filter_map(|(found, sound)| sound.then_some(found))
        .collect();
    conflicts::check(&sound, sources, findings);
    calls::check(&sound, &names, findings);
}

/// The first definition of each name.
pub(crate) fn by_name(definitions: &[Definition]) -> HashMap<&str, &Definition> {
    let mut names = HashMap::with_capacity(definitions.len());
    for definition in definitions {
        names.entry(definition.name.text.as_str()).or_insert(definition);
    }
    names
}

/// The types whose members a definition has too: its base, and those of branches.
fn contained(definition: &Definition) -> impl Iterator<Item = &TypeName> {
    let (base, branches): (Option<&TypeName>, &[_]) = match &definition.kind {
        Kind::Struct { base, .. } => (base.as_ref(), &[]),
        Kind::Union { base: Members::Of(base), branches, .. } => (Some(base), branches),
        Kind::Union { base: Members::Listed(_), branches, .. } => (None, branches),
        Kind::Enum { .. } | Kind::Alternate { .. } | Kind::Command(_) | Kind::Event { .. } => {
            (None, &[])
        }
    };
    base.into_iter().chain(branches.iter().map(|branch| &branch.ty))
}

/// The members that a struct or union lists, then those that its base lists, and so on. The chain
/// of bases is bounded.
pub(crate) fn lineage<'d>(
    ty: &TypeName,
    names: &HashMap<&str, &'d Definition>,
) -> Vec<&'d [Member]> {
    let mut lists: Vec<&[Member]> = Vec::new();
    let mut next = names.get(ty.name.as_str());
    while let Some(definition) = next {
        let base = match &definition.kind {
            Kind::Struct { base, members: own } => {
                lists.push(own);
                base.as_ref()
            }
            Kind::Union { base: Members::Of(base), .. } => Some(base),
            Kind::Union { base: Members::Listed(own), .. } => {
                lists.push(own);
                None
            }
            Kind::Enum { .. }
            | Kind::Alternate { .. }
            | Kind::Command(_)
            | Kind::Event { .. } => None,
        };
        next = base.and_then(|base| names.get(base.name.as_str()));
    }
    lists
}
