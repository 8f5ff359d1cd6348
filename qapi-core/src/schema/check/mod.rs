//! The rules that need the whole schema. Rules about one definition alone are the macros'.
//!
//! | file | rules |
//! |---|---|
//! | `names` | a name is defined once; names are distinct and not those of built-in types |
//! | `objects` | bases are structs; nothing contains itself; members do not clash |
//! | `unions` | the discriminator is a mandatory enumeration; branches fit it |
//! | `enum_extensions` | values that crates add to open enumerations differ from all others |
//! | `alternates` | the JSON type tells the alternatives apart |
//! | `features` | there are not too many features |
//! | `references` | types are types; arguments and results are objects; special features mark no type |
//! | `since` | as of an earlier release, nothing that is left needs what is newer |
//!
//! Every rule goes through all definitions, so that every conflict is found at once. The facts are
//! those of QEMU's schema compiler.

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

/// All conflicts among `definitions`, which must be sorted by name and complete.
pub(crate) fn conflicts(definitions: &[&'static Definition]) -> Vec<Conflict> {
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

/// Adds what a rule found: most find nothing, of which nothing is to be made.
#[inline(always)]
fn add(conflicts: &mut Vec<Conflict>, found: Vec<Conflict>) {
    if !found.is_empty() {
        conflicts.extend(found);
    }
}

/// All further conflicts among those of `definitions` that there are as of a release.
pub(crate) fn conflicts_as_of(
    definitions: &[&'static Definition],
    projection: Projection,
) -> Vec<Conflict> {
    since::check(definitions, projection)
}
