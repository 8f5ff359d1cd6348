//! Adds the types that registrations refer to.

use std::ptr;

use hashbrown::{HashMap, HashSet};

use crate::call::handler::Registration;
use crate::schema::definition::Definition;
use crate::schema::query::each_reference;

/// Registrations with all types that they refer to.
pub(super) struct Collected {
    /// Each definition once, sorted by name. Definitions of one name are sorted by their source
    /// places, so that the result does not depend on the order of the input.
    pub(super) definitions: Vec<&'static Definition>,
    /// The registrations by name. If several have one name, which is a conflict, one of them.
    pub(super) by_name: HashMap<&'static str, Registration>,
}

pub(super) fn with_reachable_types(
    registrations: impl IntoIterator<Item = Registration>,
) -> Collected {
    let mut queue: Vec<_> = registrations.into_iter().collect();
    let mut seen = HashSet::with_capacity(queue.len());
    let mut definitions = Vec::with_capacity(queue.len());
    let mut by_name = HashMap::with_capacity(queue.len());
    while let Some(registration) = queue.pop() {
        let definition = registration.definition();
        if seen.insert(ptr::from_ref(definition)) {
            definitions.push(definition);
            by_name.insert(definition.name, registration);
            each_reference(definition, |ty| {
                queue.extend(ty.definition().map(Registration::new));
            });
        }
    }
    definitions.sort_unstable_by(|a, b| a.name.cmp(b.name).then_with(|| a.source.cmp(&b.source)));
    Collected { definitions, by_name }
}
