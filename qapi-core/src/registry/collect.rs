//! From the definitions that were registered to all that they refer to.

use std::collections::HashSet;
use std::ptr;

use crate::descriptor::{Definition, Type};
use crate::schema::model::references;

/// The definitions and every type they refer to, each once, sorted by name.
///
/// Definitions of the same name stay side by side, in the order of their source places, so that
/// the result does not depend on the order of the input.
pub(super) fn with_reachable_types(
    definitions: impl IntoIterator<Item = &'static Definition>,
) -> Vec<&'static Definition> {
    let mut seen = HashSet::new();
    let mut queue: Vec<_> = definitions.into_iter().collect();
    let mut found = Vec::with_capacity(queue.len());
    while let Some(definition) = queue.pop() {
        if seen.insert(ptr::from_ref(definition)) {
            found.push(definition);
            queue.extend(references(definition).into_iter().filter_map(defined));
        }
    }
    found.sort_by_key(|definition| (definition.name, definition.source));
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
