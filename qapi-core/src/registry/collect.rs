//! From the definitions that were registered to all that they refer to.

use std::ptr;

use hashbrown::HashSet;

use crate::descriptor::{Definition, Type};
use crate::schema::model::each_reference;

/// The definitions and every type they refer to, each once, sorted by name.
///
/// Definitions of the same name stay side by side, in the order of their source places, so that
/// the result does not depend on the order of the input.
pub(super) fn with_reachable_types(
    definitions: impl IntoIterator<Item = &'static Definition>,
) -> Vec<&'static Definition> {
    let mut queue: Vec<_> = definitions.into_iter().collect();
    let mut seen = HashSet::with_capacity(queue.len());
    let mut found = Vec::with_capacity(queue.len());
    while let Some(definition) = queue.pop() {
        if seen.insert(ptr::from_ref(definition)) {
            found.push(definition);
            each_reference(definition, |ty| queue.extend(defined(ty)));
        }
    }
    found.sort_unstable_by(|a, b| a.name.cmp(b.name).then_with(|| a.source.cmp(&b.source)));
    found
}

/// The definition behind a type, or behind the elements of an array.
fn defined(mut ty: Type) -> Option<&'static Definition> {
    loop {
        match ty {
            Type::Builtin(_) => return None,
            Type::Array(element) => ty = element(),
            Type::Defined(definition) => return Some(definition),
        }
    }
}
