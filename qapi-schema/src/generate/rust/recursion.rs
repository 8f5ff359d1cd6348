//! The members that need a `Box`: those through which a type contains itself.

use std::collections::HashMap;

use crate::generate::lookup::{Lookup, uses};
use crate::model::{Definition, TypeName};

/// The group of each type. Types of one group contain each other by value.
pub(super) struct Groups<'s>(HashMap<&'s str, usize>);

impl<'s> Groups<'s> {
    /// The strongly connected parts of the graph of types (Kosaraju's algorithm). Arrays end a path
    /// as they have a pointer. The walks use no recursion, as a schema bounds no chain of members.
    pub(super) fn new(lookup: &Lookup<'s>) -> Self {
        let mut forward: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut backward: HashMap<&str, Vec<&str>> = HashMap::new();
        for definition in lookup.definitions {
            let from = definition.name.text.as_str();
            for ty in uses(definition).into_iter().filter(|ty| !ty.is_array) {
                if lookup.find(ty).is_some() {
                    forward.entry(from).or_default().push(&ty.name);
                    backward.entry(&ty.name).or_default().push(from);
                }
            }
        }
        let mut order = Vec::new();
        let mut seen = HashMap::new();
        for definition in lookup.definitions {
            walk(&definition.name.text, 0, &forward, &mut seen, &mut order);
        }
        let mut groups = HashMap::new();
        for (number, start) in order.iter().rev().enumerate() {
            walk(start, number, &backward, &mut groups, &mut Vec::new());
        }
        Self(groups)
    }

    /// Whether a member of `owner` that has the type contains `owner`.
    pub(super) fn is_recursive(&self, owner: &Definition, ty: &TypeName) -> bool {
        let group = self.0.get(ty.name.as_str());
        !ty.is_array && group.is_some() && group == self.0.get(owner.name.text.as_str())
    }
}

/// Visits everything that can be reached from `start`, and adds it to `order` when all that follows
/// it has been visited.
fn walk<'s>(
    start: &'s str,
    number: usize,
    edges: &HashMap<&'s str, Vec<&'s str>>,
    seen: &mut HashMap<&'s str, usize>,
    order: &mut Vec<&'s str>,
) {
    if seen.contains_key(start) {
        return;
    }
    seen.insert(start, number);
    let mut path = vec![(start, 0)];
    while let Some((name, next)) = path.last_mut() {
        let name = *name;
        let Some(&found) = edges.get(name).and_then(|all| all.get(*next)) else {
            order.push(name);
            path.pop();
            continue;
        };
        *next += 1;
        if !seen.contains_key(found) {
            seen.insert(found, number);
            path.push((found, 0));
        }
    }
}
