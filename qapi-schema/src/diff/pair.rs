//! A pair of types that clients meet at the same place of the old and the new schema.

use std::sync::Arc;

use super::interface::{Interface, Member, Part, Type, TypeIndex, TypeKind};
use super::parts::Changes;
use super::rules::Rule;

/// Which end sends values of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// Clients send them: arguments.
    Sent,
    /// Clients receive them: return values and the data of events.
    Received,
}

impl Direction {
    /// The rule for this direction.
    pub(super) fn rule(self, sent: &'static Rule, received: &'static Rule) -> &'static Rule {
        match self {
            Self::Sent => sent,
            Self::Received => received,
        }
    }
}

/// A pair of types.
pub(super) type Pair = (TypeIndex, TypeIndex);

/// A pair of types that is compared.
pub(super) struct Compared<'t> {
    pub(super) pair: Pair,
    pub(super) old: &'t Type,
    pub(super) new: &'t Type,
    pub(super) direction: Direction,
    pub(super) changes: Changes,
    /// The parts whose types are compared too: the step of ways, the types, and whether the part
    /// was unstable.
    pub(super) edges: Vec<(String, Pair, bool)>,
}

impl Compared<'_> {
    /// Compares the types of a part too.
    pub(super) fn follow(&mut self, step: String, pair: Pair, is_unstable: bool) {
        self.edges.push((step, pair, is_unstable));
    }

    /// Reports a change by the rule of the direction.
    pub(super) fn report(
        &mut self,
        (sent, received): (&'static Rule, &'static Rule),
        step: &str,
        parts: (Option<&Part>, Option<&Part>),
        message: String,
    ) {
        let rule = self.direction.rule(sent, received);
        self.changes.report(rule, step, parts, message);
    }
}

/// The types of a schema, and objects that the comparison made of them.
pub(super) struct Side<'i> {
    interface: &'i Interface,
    made: Vec<Arc<Type>>,
}

impl<'i> Side<'i> {
    pub(super) fn new(interface: &'i Interface) -> Self {
        Self { interface, made: Vec::new() }
    }

    pub(super) fn get(&self, index: TypeIndex) -> &Arc<Type> {
        let count = self.interface.types.len();
        if index < count { &self.interface.types[index] } else { &self.made[index - count] }
    }

    /// Whether the object type has the member itself.
    pub(super) fn has_member(&self, index: TypeIndex, name: &str) -> bool {
        matches!(&self.get(index).kind, TypeKind::Object(found) if found.members.contains_key(name))
    }

    /// The values of an enumeration; none for another type.
    pub(super) fn values(&self, index: TypeIndex) -> Vec<String> {
        match &self.get(index).kind {
            TypeKind::Enum(values) => values.keys().cloned().collect(),
            TypeKind::Scalar(_)
            | TypeKind::Array(_)
            | TypeKind::Object(_)
            | TypeKind::Alternate(_) => Vec::new(),
        }
    }

    /// An object type with the members of another one and these.
    pub(super) fn with_members(
        &mut self,
        index: TypeIndex,
        added: &[(String, Member)],
    ) -> TypeIndex {
        let mut ty = Type::clone(self.get(index));
        if let TypeKind::Object(object) = &mut ty.kind {
            object.members.extend(added.iter().cloned());
        }
        self.made.push(Arc::new(ty));
        self.interface.types.len() + self.made.len() - 1
    }
}
