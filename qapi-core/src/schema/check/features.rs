//! Features: there are not too many of them.

use std::collections::HashSet;

use crate::descriptor::{Definition, Feature};
use crate::schema::model::{kind_name, own_members};
use crate::schema::{Conflict, Rule};

/// How many features a schema may have in all, `deprecated` and `unstable` among them whether
/// used or not: QEMU's generated code keeps them as the bits of one 64 bit integer.
const FEATURE_LIMIT: usize = 64;

/// Rule [`Rule::FeatureLimit`]. The first definition that goes beyond the limit is told.
pub(super) fn check(definitions: &[&'static Definition]) -> Option<Conflict> {
    let mut names = HashSet::from(["deprecated", "unstable"]);
    let goes_beyond = |definition: &&&'static Definition| {
        names.extend(features(definition).iter().map(|feature| feature.name));
        names.len() > FEATURE_LIMIT
    };
    let definition = *definitions.iter().find(goes_beyond)?;
    let message = format!(
        "a schema has {FEATURE_LIMIT} features at most, `deprecated` and `unstable` among them, \
         and those of the {} `{}` are too many; use fewer names",
        kind_name(definition),
        definition.name,
    );
    Some(Conflict::new(Rule::FeatureLimit, message, &[definition]))
}

/// All features that a definition and its parts have.
fn features(definition: &'static Definition) -> Vec<Feature> {
    let members = own_members(definition).iter().map(|member| member.features);
    let values = definition.enum_values().into_iter().map(|value| value.features);
    let parts = members.chain(values).chain([definition.features]);
    parts.flatten().copied().collect()
}
