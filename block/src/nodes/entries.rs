//! The nodes of a graph, and indexes, so that the cost of a change does not depend on their number.
//!
//! The users of a node are stored with the node. The indexes lead the other way: from a parent to
//! its children, and from a reservation to its nodes. Users are therefore added and removed by the
//! methods of [`Entries`] only.

use std::collections::{BTreeMap, HashMap};

use super::entry::{Entry, Use, User};

/// All nodes, by name and in the order of listings.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// In the order of listings.
    by_order: BTreeMap<u64, Entry>,
    orders: HashMap<String, u64>,
    /// The nodes that a parent uses, from the oldest use to the newest. A parent that is being
    /// opened has children before it has an entry.
    children: HashMap<String, Vec<u64>>,
    /// The nodes of a reservation.
    reserved: HashMap<u64, Vec<u64>>,
}

impl Entries {
    /// The position of a node in listings.
    pub(super) fn order(&self, name: &str) -> Option<u64> {
        self.orders.get(name).copied()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.by_order.get(self.orders.get(name)?)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Entry> {
        self.by_order.get_mut(self.orders.get(name)?)
    }

    pub(super) fn at(&self, order: u64) -> Option<&Entry> {
        self.by_order.get(&order)
    }

    pub(super) fn at_mut(&mut self, order: u64) -> Option<&mut Entry> {
        self.by_order.get_mut(&order)
    }

    /// All nodes in the order of listings, from the oldest to the newest.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.by_order.values()
    }

    /// Adds a node without users.
    pub(super) fn insert(&mut self, entry: Entry) {
        self.orders.insert(entry.node.name().to_owned(), entry.order);
        self.by_order.insert(entry.order, entry);
    }

    /// Removes a node, with all of its users. The node stays a user of its children.
    pub(super) fn remove(&mut self, name: &str) -> Option<Entry> {
        let order = self.orders.remove(name)?;
        self.extract_uses(order, |_use| true);
        self.by_order.remove(&order)
    }

    /// Adds a user to a node.
    pub(super) fn add_use(&mut self, order: u64, used: Use) {
        if let Some(entry) = self.by_order.get_mut(&order) {
            match &used.user {
                User::Node { name, .. } => {
                    self.children.entry(name.clone()).or_default().push(order);
                }
                User::External { reservation, .. } => {
                    self.reserved.entry(*reservation).or_default().push(order);
                }
            }
            entry.uses.push(used);
        }
    }

    /// Removes the users of a node that match a condition. Returns them, the oldest first.
    pub(super) fn extract_uses(
        &mut self,
        order: u64,
        mut is_removed: impl FnMut(&Use) -> bool,
    ) -> Vec<Use> {
        let Some(entry) = self.by_order.get_mut(&order) else { return Vec::new() };
        let removed: Vec<Use> = entry.uses.extract_if(.., |used| is_removed(used)).collect();
        for used in &removed {
            match &used.user {
                User::Node { name, .. } => unlink(&mut self.children, name, order),
                User::External { reservation, .. } => {
                    unlink(&mut self.reserved, reservation, order);
                }
            }
        }
        removed
    }

    /// The children of a parent, from the oldest use to the newest.
    pub(super) fn children(&self, parent: &str) -> &[u64] {
        self.children.get(parent).map_or(&[], Vec::as_slice)
    }

    /// The nodes of a reservation.
    pub(super) fn reserved(&self, reservation: u64) -> &[u64] {
        self.reserved.get(&reservation).map_or(&[], Vec::as_slice)
    }
}

/// Removes one link from an index.
fn unlink<K, Q>(index: &mut HashMap<K, Vec<u64>>, key: &Q, order: u64)
where
    K: std::borrow::Borrow<Q> + Eq + std::hash::Hash,
    Q: Eq + std::hash::Hash + ?Sized,
{
    let Some(orders) = index.get_mut(key) else { return };
    if let Some(position) = orders.iter().position(|known| *known == order) {
        orders.remove(position);
    }
    if orders.is_empty() {
        index.remove(key);
    }
}
