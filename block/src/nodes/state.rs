//! The state behind the lock of a graph: all nodes, their stages and their users.

use std::collections::HashMap;
use std::sync::Arc;

use super::entry::{Entry, Stage, Use, User};
use super::names::{self, Generator};
use super::node::Node;
use super::permissions;
use crate::error::{Error, Result};
use crate::image::permissions::Access;

/// The largest number of nodes in a graph. A client with more is likely to be in a loop.
pub const MAX_NODES: usize = 4096;

/// The name and the position in listings that are reserved for a node that is being opened.
#[derive(Clone, Debug)]
pub(super) struct PendingNode {
    pub(super) name: String,
    order: u64,
}

/// The state behind the lock of a graph.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The nodes, in the order of listings.
    pub(super) entries: Vec<Entry>,
    /// The names that are reserved for nodes, with their positions.
    pending: HashMap<String, u64>,
    names: Generator,
    next_order: u64,
    next_reservation: u64,
}

impl State {
    /// An open node.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        self.entry(name).filter(|entry| entry.stage == Stage::Open)
    }

    /// A node at any stage.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.node.name() == name)
    }

    pub(super) fn entry_mut(&mut self, name: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.node.name() == name)
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
        if self.entries.len() + self.pending.len() >= MAX_NODES {
            return Err(Error::TooManyNodes(MAX_NODES));
        }
        let name = match given {
            Some(name) => {
                names::check(&name)?;
                if self.entry(&name).is_some() || self.pending.contains_key(&name) {
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
        let position = self.entries.partition_point(|entry| entry.order < order);
        let entry = Entry { node, uses: Vec::new(), stage: Stage::Opening, order };
        self.entries.insert(position, entry);
    }

    /// Makes nodes that have been opened visible to all users.
    pub(super) fn publish(&mut self, opened: &[PendingNode]) {
        for pending in opened {
            if let Some(entry) = self.entry_mut(&pending.name) {
                entry.stage = Stage::Open;
            }
        }
    }

    /// Cancels a reservation of a name. Returns the nodes that have to be closed.
    pub(super) fn abandon(&mut self, pending: &PendingNode) -> Vec<Arc<Node>> {
        let own =
            |entry: &&mut Entry| entry.order == pending.order && entry.stage == Stage::Opening;
        if let Some(entry) = self.entry_mut(&pending.name).filter(own) {
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
        let entry = self.entry_mut(node.name()).filter(idle)?;
        entry.stage = Stage::Closing;
        Some(Arc::clone(&entry.node))
    }

    /// As [`State::begin_closing`], for the newest node without users.
    pub(super) fn begin_closing_unused(&mut self) -> Option<Arc<Node>> {
        let unused = |entry: &&mut Entry| entry.stage == Stage::Open && entry.uses.is_empty();
        let entry = self.entries.iter_mut().rev().find(unused)?;
        entry.stage = Stage::Closing;
        Some(Arc::clone(&entry.node))
    }

    /// Removes a closed node, or the reservation of its name, and its uses of children. Returns the
    /// children that have to be closed.
    pub(super) fn remove(&mut self, name: &str) -> Vec<Arc<Node>> {
        self.pending.remove(name);
        if let Some(position) = self.entries.iter().position(|e| e.node.name() == name) {
            let entry = self.entries.remove(position);
            // The file stays open as long as there are handles to the node. Its image locks are
            // released now.
            set_access(&entry.node, Access::NONE);
        }
        let unused = self.drop_uses_by(name);
        self.refresh_after_release();
        unused
    }

    /// Removes the uses of children by a node. Returns the children that have to be closed.
    fn drop_uses_by(&mut self, parent: &str) -> Vec<Arc<Node>> {
        let mut unused = Vec::new();
        for entry in &mut self.entries {
            let before = entry.uses.len();
            entry.uses.retain(|used| match &used.user {
                User::Node { name, .. } => name != parent,
                User::External { .. } => true,
            });
            if entry.uses.len() < before && entry.is_unused() {
                entry.stage = Stage::Closing;
                unused.push(Arc::clone(&entry.node));
            }
        }
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
        let name = node.name();
        let is_attachable =
            |entry: &&mut Entry| Arc::ptr_eq(&entry.node, node) && entry.stage != Stage::Closing;
        let entry = self.entry_mut(name).filter(is_attachable);
        let entry = entry.ok_or_else(|| Error::NodeNotFound(name.to_owned()))?;
        entry.uses.push(used);
        let refreshed = self.refresh();
        if refreshed.is_err()
            && let Some(entry) = self.entry_mut(name)
        {
            entry.uses.pop();
        }
        refreshed
    }

    /// Takes and releases image locks according to the permissions of all users.
    pub(super) fn refresh(&self) -> Result<()> {
        let accesses = permissions::accesses(&self.entries)?;
        let mut changed: Vec<(&Node, Access)> = Vec::new();
        for Entry { node, .. } in &self.entries {
            let wanted = accesses.get(node.name()).copied().unwrap_or(Access::NONE);
            match node.with_host_file(|file| file.set_access(wanted)) {
                Some(Ok(before)) => changed.push((node, before)),
                Some(Err(error)) => {
                    changed.into_iter().for_each(|(node, before)| set_access(node, before));
                    return Err(error);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// As [`State::refresh`] after uses were removed, which cannot conflict.
    pub(super) fn refresh_after_release(&self) {
        if let Err(error) = self.refresh() {
            tracing::error!(%error, "image locks cannot be released");
        }
    }

    /// Drops the permissions of a reservation on all of its nodes, or only on those to which it is
    /// attached.
    pub(super) fn end_access(&mut self, number: u64, only_attached: bool) {
        for used in self.entries.iter_mut().flat_map(|entry| &mut entry.uses) {
            if let User::External { reservation, access, attached, .. } = &mut used.user
                && *reservation == number
                && (*attached || !only_attached)
            {
                *access = Access::NONE;
            }
        }
        self.refresh_after_release();
    }

    /// Removes a reservation from all nodes. Returns the nodes that have to be closed.
    pub(super) fn release(&mut self, number: u64) -> Vec<Arc<Node>> {
        let mut unused = Vec::new();
        for entry in &mut self.entries {
            let before = entry.uses.len();
            entry.uses.retain(|used| match &used.user {
                User::External { reservation, .. } => *reservation != number,
                User::Node { .. } => true,
            });
            let was_released = entry.uses.len() < before && entry.stage == Stage::Open;
            if was_released && entry.is_unused() {
                entry.stage = Stage::Closing;
                unused.push(Arc::clone(&entry.node));
            }
        }
        self.refresh_after_release();
        unused
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
