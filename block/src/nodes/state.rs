//! The state behind the lock of a graph: all nodes, their stages and their users.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::entries::Entries;
use super::entry::{Entry, Stage, Use, User};
use super::names::{self, Generator};
use super::node::Node;
use super::permissions;
use crate::error::{Error, Result};
use crate::image::permissions::{Access, Permissions};

/// The name and the position in listings that are reserved for a node that is being opened.
#[derive(Clone, Debug)]
pub(super) struct PendingNode {
    pub(super) name: String,
    order: u64,
}

/// The state behind the lock of a graph.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) entries: Entries,
    /// The names that are reserved for nodes, with their positions.
    pending: HashMap<String, u64>,
    /// The nodes whose permissions could not be computed again after a release.
    stale: BTreeSet<u64>,
    names: Generator,
    next_order: u64,
    next_reservation: u64,
}

impl State {
    /// An open node.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name).filter(|entry| entry.stage == Stage::Open)
    }

    /// The entry of a node, at any stage. `None` if the node has been removed.
    pub(super) fn entry_of(&self, node: &Node) -> Option<&Entry> {
        self.entries.get(node.name()).filter(|entry| std::ptr::eq(&*entry.node, node))
    }

    /// The open parents of a node, the newest first.
    pub(super) fn parents(&self, node: &Node) -> Vec<Arc<Node>> {
        let Some(entry) = self.entry_of(node) else { return Vec::new() };
        let mut parents: Vec<&Entry> =
            entry.parents().filter_map(|name| self.find(name)).collect();
        parents.sort_unstable_by_key(|parent| Reverse(parent.order));
        parents.dedup_by_key(|parent| parent.order);
        parents.into_iter().map(|parent| Arc::clone(&parent.node)).collect()
    }

    /// All open nodes, the newest first.
    pub(super) fn open_nodes(&self) -> Vec<Arc<Node>> {
        let open = self.entries.iter().rev().filter(|entry| entry.stage == Stage::Open);
        open.map(|entry| Arc::clone(&entry.node)).collect()
    }

    /// Whether nodes are being opened or closed.
    pub(super) fn is_changing(&self) -> bool {
        !self.pending.is_empty() || self.entries.iter().any(|e| e.stage != Stage::Open)
    }

    /// Reserves a name, given or generated, and a position in listings.
    pub(super) fn reserve_name(&mut self, given: Option<String>) -> Result<PendingNode> {
        let name = match given {
            Some(name) => {
                names::check(&name)?;
                if self.entries.get(&name).is_some() || self.pending.contains_key(&name) {
                    return Err(Error::NodeNameDuplicate(name));
                }
                name
            }
            None => self.names.next(),
        };
        let order = self.next_order;
        self.next_order += 1;
        self.pending.insert(name.clone(), order);
        Ok(PendingNode { name, order })
    }

    /// Inserts a node whose name is reserved.
    pub(super) fn insert(&mut self, node: Arc<Node>) {
        let Some(order) = self.pending.remove(node.name()) else { return };
        self.entries.insert(Entry::new(node, order));
    }

    /// Makes nodes that have been opened visible to all users.
    pub(super) fn publish(&mut self, opened: &[PendingNode]) {
        for pending in opened {
            if let Some(entry) = self.entries.get_mut(&pending.name) {
                entry.stage = Stage::Open;
            }
        }
    }

    /// Cancels a reservation of a name. Returns the nodes that have to be closed.
    pub(super) fn abandon(&mut self, pending: &PendingNode) -> Vec<Arc<Node>> {
        let own =
            |entry: &&mut Entry| entry.order == pending.order && entry.stage == Stage::Opening;
        if let Some(entry) = self.entries.get_mut(&pending.name).filter(own) {
            entry.stage = Stage::Closing;
            return vec![Arc::clone(&entry.node)];
        }
        // The name may belong to another node by now.
        let is_expected = self.pending.get(&pending.name) == Some(&pending.order);
        if is_expected { self.remove(&pending.name) } else { Vec::new() }
    }

    /// Hides a node without users. Returns the node, to be closed without the lock.
    pub(super) fn begin_closing(&mut self, node: &Arc<Node>) -> Option<Arc<Node>> {
        let idle = |entry: &&mut Entry| {
            let is_open = entry.stage == Stage::Open && entry.uses.is_empty();
            is_open && Arc::ptr_eq(&entry.node, node)
        };
        let entry = self.entries.get_mut(node.name()).filter(idle)?;
        entry.stage = Stage::Closing;
        Some(Arc::clone(&entry.node))
    }

    /// As [`State::begin_closing`], for the newest node without users.
    pub(super) fn begin_closing_unused(&mut self) -> Option<Arc<Node>> {
        let unused = |entry: &&Entry| entry.stage == Stage::Open && entry.uses.is_empty();
        let order = self.entries.iter().rev().find(unused)?.order;
        let entry = self.entries.at_mut(order)?;
        entry.stage = Stage::Closing;
        Some(Arc::clone(&entry.node))
    }

    /// Removes a closed node, or the reservation of its name, and its uses of children. Returns the
    /// children that have to be closed.
    pub(super) fn remove(&mut self, name: &str) -> Vec<Arc<Node>> {
        self.pending.remove(name);
        if let Some(entry) = self.entries.remove(name) {
            // The file stays open as long as there are handles to the node. Its image locks are
            // released now.
            set_access(&entry.node, Access::NONE);
        }
        let children = self.entries.children(name).to_vec();
        self.remove_uses(children, |user| match user {
            User::Node { name: parent, .. } => parent == name,
            User::External { .. } => false,
        })
    }

    /// Removes users from nodes. Returns the nodes that have to be closed.
    fn remove_uses(
        &mut self,
        nodes: Vec<u64>,
        is_removed: impl Fn(&User) -> bool,
    ) -> Vec<Arc<Node>> {
        let mut unused = Vec::new();
        for order in &nodes {
            let removed = self.entries.extract_uses(*order, |used| is_removed(&used.user));
            if let Some(entry) = self.entries.at_mut(*order)
                && !removed.is_empty()
                && entry.stage != Stage::Closing
                && entry.is_unused()
            {
                entry.stage = Stage::Closing;
                unused.push(Arc::clone(&entry.node));
            }
        }
        self.refresh_after_release(nodes);
        unused
    }

    /// A new number for a reservation.
    pub(super) fn new_reservation_number(&mut self) -> u64 {
        self.next_reservation += 1;
        self.next_reservation
    }

    /// Adds a use to a node, if the permissions of all users allow it and the image locks can be
    /// taken.
    pub(super) fn attach(&mut self, node: &Arc<Node>, used: Use) -> Result<()> {
        self.attach_after_change(node, used, None)
    }

    /// As [`State::attach`], after the users of another node have changed.
    pub(super) fn attach_after_change(
        &mut self,
        node: &Arc<Node>,
        used: Use,
        changed: Option<u64>,
    ) -> Result<()> {
        let attachable = self.entry_of(node).filter(|entry| entry.stage != Stage::Closing);
        let order = match attachable {
            Some(entry) => entry.order,
            None => return Err(Error::NodeNotFound(node.name().to_owned())),
        };
        used.check_active(node)?;
        self.entries.add_use(order, used);
        let refreshed = self.refresh(changed.into_iter().chain([order]));
        if refreshed.is_err() {
            let newest = self.entries.at(order).map_or(0, |entry| entry.uses.len());
            let mut position = 0;
            self.entries.extract_uses(order, |_use| {
                position += 1;
                position == newest
            });
        }
        refreshed
    }

    /// Takes and releases image locks according to the permissions of all users, after the users
    /// or the settings of `changed` have changed.
    pub(super) fn refresh(&mut self, changed: impl IntoIterator<Item = u64>) -> Result<()> {
        let changed = changed.into_iter().chain(self.stale.iter().copied());
        let recomputed = permissions::recompute(&self.entries, changed)?;
        let mut by_order: Vec<_> = recomputed.into_iter().collect();
        by_order.sort_unstable_by_key(|(order, _)| *order);
        let mut locked: Vec<(Arc<Node>, Access)> = Vec::new();
        for (order, cumulative) in &by_order {
            let Some(entry) = self.entries.at(*order) else { continue };
            match entry.node.with_host_file(|file| file.set_access(cumulative.access)) {
                Some(Ok(before)) => locked.push((Arc::clone(&entry.node), before)),
                Some(Err(error)) => {
                    locked.into_iter().for_each(|(node, before)| set_access(&node, before));
                    return Err(error);
                }
                None => {}
            }
        }
        for (order, cumulative) in by_order {
            if let Some(entry) = self.entries.at_mut(order) {
                if let Some(preallocate) = entry.node.preallocate() {
                    let both = Permissions::WRITE | Permissions::RESIZE;
                    preallocate.permit(cumulative.access.takes.contains(both));
                }
                entry.cumulative = cumulative;
            }
        }
        self.stale.clear();
        Ok(())
    }

    /// As [`State::refresh`] after users were removed, which cannot conflict.
    pub(super) fn refresh_after_release(&mut self, changed: Vec<u64>) {
        if let Err(error) = self.refresh(changed.iter().copied()) {
            tracing::error!(%error, "image locks cannot be released");
            self.stale.extend(changed);
        }
    }

    /// As [`State::refresh`], for nodes whose settings have changed.
    pub(super) fn refresh_nodes<'a>(
        &mut self,
        nodes: impl IntoIterator<Item = &'a Arc<Node>>,
    ) -> Result<()> {
        let orders = self.orders(nodes);
        self.refresh(orders)
    }

    /// As [`State::refresh_nodes`], after the former settings have been restored.
    pub(super) fn refresh_restored<'a>(
        &mut self,
        nodes: impl IntoIterator<Item = &'a Arc<Node>>,
    ) {
        let orders = self.orders(nodes);
        self.refresh_after_release(orders);
    }

    /// The positions of the nodes that have not been removed.
    fn orders<'a>(&self, nodes: impl IntoIterator<Item = &'a Arc<Node>>) -> Vec<u64> {
        nodes.into_iter().filter_map(|node| Some(self.entry_of(node)?.order)).collect()
    }

    /// Drops the permissions of a reservation on all of its nodes, or only on those to which it is
    /// attached.
    pub(super) fn end_access(&mut self, number: u64, only_attached: bool) {
        let nodes = self.entries.reserved(number).to_vec();
        for order in &nodes {
            let entry = self.entries.at_mut(*order);
            for used in entry.into_iter().flat_map(|entry| &mut entry.uses) {
                if let User::External { reservation, access, attached, .. } = &mut used.user
                    && *reservation == number
                    && (*attached || !only_attached)
                {
                    *access = Access::NONE;
                }
            }
        }
        self.refresh_after_release(nodes);
    }

    /// Removes a reservation from all nodes. Returns the nodes that have to be closed.
    pub(super) fn release(&mut self, number: u64) -> Vec<Arc<Node>> {
        let nodes = self.entries.reserved(number).to_vec();
        self.remove_uses(nodes, |user| match user {
            User::External { reservation, .. } => *reservation == number,
            User::Node { .. } => false,
        })
    }
}

/// Takes the image locks of a file for these permissions: fewer than before, or those from before
/// an error. In the second case another process may have taken locks that were released in the
/// meantime; the node then works without these locks.
fn set_access(node: &Node, access: Access) {
    if let Some(Err(error)) = node.with_host_file(|file| file.set_access(access)) {
        tracing::error!(node = %node.name(), %error, "image locks cannot be taken or released");
    }
}
