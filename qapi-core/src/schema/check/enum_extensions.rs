//! Values that crates add to open enumerations: two crates may add the same value.

use hashbrown::HashMap;

use crate::schema::check::names::Folded;
use crate::schema::conflict::{Conflict, ConflictPlace, Rule};
use crate::schema::definition::enum_::{EnumExtension, EnumValue};
use crate::schema::definition::{Definition, Source};

/// Rule [`Rule::AddedValueDistinct`]. The macros refuse equal values in one list.
pub(super) fn check(definition: &'static Definition) -> Vec<Conflict> {
    if EnumExtension::of(definition).next().is_none() {
        return Vec::new();
    }
    let lists = EnumExtension::sorted(definition);
    let name = definition.name;
    let mut seen: HashMap<Folded, (&'static EnumValue, Source)> = HashMap::new();
    for value in definition.own_values() {
        seen.insert(Folded(value.name), (value, definition.source));
    }
    let mut conflicts = Vec::new();
    for &EnumExtension { values, source, .. } in lists {
        for value in values {
            let Some((first, first_source)) = seen.insert(Folded(value.name), (value, source))
            else {
                continue;
            };
            let message = format!(
                "the value `{}` is added to the enum `{name}`, which has the value `{}` already; \
                 rename one, best with a vendor's prefix: `__org.example_{}`",
                value.name, first.name, value.name,
            );
            let places =
                [ConflictPlace { name, source }, ConflictPlace { name, source: first_source }];
            conflicts.push(Conflict::at(Rule::AddedValueDistinct, message, &places));
        }
    }
    conflicts
}
