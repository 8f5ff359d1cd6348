//! The limit on the number of features.

use std::collections::HashSet;

use crate::schema::conflict::{Conflict, Rule};
use crate::schema::definition::{Definition, DefinitionKind, Feature};
use crate::schema::query::{kind_name, own_members};

/// The number of distinct features that a schema may have. `deprecated` and `unstable` always
/// count. QEMU's generated code has one bit of a 64 bit integer for each feature.
const FEATURE_LIMIT: usize = 64;

/// Rule [`Rule::FeatureLimit`]. The conflict names the first definition beyond the limit.
pub(super) fn check(definitions: &[&'static Definition]) -> Option<Conflict> {
    let mut names = HashSet::from(["deprecated", "unstable"]);
    let exceeds = |definition: &&&'static Definition| {
        each_list(definition, |features| names.extend(features.iter().map(|found| found.name)));
        names.len() > FEATURE_LIMIT
    };
    let definition = *definitions.iter().find(exceeds)?;
    let message = format!(
        "a schema can have {FEATURE_LIMIT} features, including `deprecated` and `unstable`, and \
         the features of the {} `{}` exceed this limit; use fewer names",
        kind_name(definition),
        definition.name,
    );
    Some(Conflict::new(Rule::FeatureLimit, message, &[definition]))
}

/// Calls `take` with the features of a definition, and with those of each of its parts.
fn each_list(definition: &'static Definition, mut take: impl FnMut(&'static [Feature])) {
    take(definition.features);
    own_members(definition).iter().for_each(|member| take(member.features));
    match &definition.kind {
        DefinitionKind::Enum(_) => {
            definition.enum_values().iter().for_each(|value| take(value.features));
        }
        DefinitionKind::Struct(_)
        | DefinitionKind::Union(_)
        | DefinitionKind::Alternate(_)
        | DefinitionKind::Command(_)
        | DefinitionKind::Event(_) => {}
    }
}
