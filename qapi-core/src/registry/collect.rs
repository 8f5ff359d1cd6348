//! From the registrations to all that they refer to.

use std::ptr;

use hashbrown::HashSet;

use crate::call::handler::Registration;
use crate::schema::query::each_reference;

/// The registrations, and one of every type that they refer to, each once, sorted by name.
///
/// Definitions of the same name stay side by side, in the order of their source places, so that
/// the result does not depend on the order of the input.
pub(super) fn with_reachable_types(
    registrations: impl IntoIterator<Item = Registration>,
) -> Vec<Registration> {
    let mut queue: Vec<_> = registrations.into_iter().collect();
    let mut seen = HashSet::with_capacity(queue.len());
    let mut found = Vec::with_capacity(queue.len());
    while let Some(registration) = queue.pop() {
        let definition = registration.definition();
        if seen.insert(ptr::from_ref(definition)) {
            found.push(registration);
            each_reference(definition, |ty| {
                queue.extend(ty.definition().map(Registration::new));
            });
        }
    }
    found.sort_unstable_by(|a, b| {
        let (a, b) = (a.definition(), b.definition());
        a.name.cmp(b.name).then_with(|| a.source.cmp(&b.source))
    });
    found
}
