//! The rules that need the whole schema. The macros check the rules about one definition.
//!
//! | file | rules |
//! |---|---|
//! | `names` | a name is defined once, is distinct, and is not that of a built-in type |
//! | `objects` | bases are structs; nothing contains itself; members do not clash |
//! | `unions` | the discriminator is a mandatory enumeration; branches fit it |
//! | `enum_extensions` | added values of open enumerations are distinct |
//! | `alternates` | the JSON type identifies the alternative |
//! | `features` | the number of features has a limit |
//! | `references` | references lead to types; arguments and return values are objects; special features mark no type |
//! | `since` | the parts of an earlier release need no newer part |
//!
//! Every rule checks all definitions, so that one error lists every conflict. The rules are those
//! of QEMU's schema compiler.

mod alternates;
mod enum_extensions;
mod features;
mod names;
mod objects;
mod references;
mod since;
mod unions;

use crate::schema::conflict::Conflict;
use crate::schema::definition::Definition;
use crate::schema::projection::Projection;

/// All conflicts among `definitions`, which are complete: every type to which one of them refers is
/// one of them. The conflicts come in the order of the definitions.
///
/// A [`Registry`](crate::registry::Registry) does this at the start of a program, and a reader of
/// schema files may do it for definitions that no program contains.
pub fn conflicts(definitions: &[&'static Definition]) -> Vec<Conflict> {
    let mut conflicts = names::check(definitions);
    conflicts.extend(features::check(definitions));
    for &definition in definitions {
        let found = [
            names::check_lists(definition),
            enum_extensions::check(definition),
            objects::check(definition),
            unions::check(definition),
            alternates::check(definition),
            references::check(definition),
        ];
        found.into_iter().for_each(|found| add(&mut conflicts, found));
    }
    conflicts
}

/// Adds the conflicts that a rule found. Most rules find none, so that this is inlined.
#[inline(always)]
fn add(conflicts: &mut Vec<Conflict>, found: Vec<Conflict>) {
    if !found.is_empty() {
        conflicts.extend(found);
    }
}

/// All further conflicts among `definitions`, which are those of the release.
pub(crate) fn conflicts_as_of(
    definitions: &[&'static Definition],
    projection: Projection,
) -> Vec<Conflict> {
    since::check(definitions, projection)
}
