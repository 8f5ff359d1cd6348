//! Values that crates add to open enumerations: two crates may have had the same idea.

use hashbrown::HashMap;

use crate::schema::check::names::Folded;
use crate::schema::conflict::{Conflict, Place, Rule};
use crate::schema::definition::Definition;
use crate::schema::definition::Source;
use crate::schema::definition::enum_::{AddedValues, EnumValue};

/// Rule [`Rule::AddedValueDistinct`]. Values of one list that are alike are the macros' to refuse.
pub(super) fn check(definition: &'static Definition) -> Vec<Conflict> {
    if AddedValues::to(definition).next().is_none() {
        return Vec::new();
    }
    let lists = AddedValues::sorted(definition);
    let name = definition.name;
    let mut seen: HashMap<Folded, (&'static EnumValue, Source)> = HashMap::new();
    for value in definition.own_values() {
        seen.insert(Folded(value.name), (value, definition.source));
    }
    let mut conflicts = Vec::new();
    for &AddedValues { values, source, .. } in lists {
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
            let places = [Place { name, source }, Place { name, source: first_source }];
            conflicts.push(Conflict::at(Rule::AddedValueDistinct, message, &places));
        }
    }
    conflicts
}
