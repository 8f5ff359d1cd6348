//! What is behind the lock of a graph: who is there, and at which point of life.

use super::entry::{Entry, Role, Stage, Use, User};
use super::names::{self, Generator};
use super::node::Node;
use super::permissions;
use crate::error::{Error, Result};
use crate::image::permissions::Access;
use std::collections::HashMap;
use std::sync::Arc;

/// The graph never holds more nodes: beyond it, a client is more likely in a loop than in need.
pub const MAX_NODES: usize = 4096;

/// What is kept for a node that is being opened: its name, and its place in listings, which no
/// other node ever has.
#[derive(Clone, Debug)]
pub(super) struct PendingNode {
    pub(super) name: String,
    order: u64,
}

/// What is behind the lock of a graph.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The nodes, in the order of their numbers.
    pub(super) entries: Vec<Entry>,
    /// The names of nodes that are about to come into being, with their numbers.
    pending: HashMap<String, u64>,
    names: Generator,
    next_order: u64,
    next_reservation: u64,
}

impl State {
    /// A node that everybody can find.
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

    /// The nodes that everybody can find, the newest first.
    pub(super) fn open_nodes(&self) -> Vec<Arc<Node>> {
        let open = self.entries.iter().rev().filter(|entry| entry.stage == Stage::Open);
        open.map(|entry| Arc::clone(&entry.node)).collect()
    }

    /// Whether nodes are being opened or closed.
    pub(super) fn is_changing(&self) -> bool {
        !self.pending.is_empty() || self.entries.iter().any(|e| e.stage != Stage::Open)
    }

    /// Keeps a name, given or made up, and a place in listings for a node that is about to be
    /// opened.
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

    /// Puts an expected node in its place.
    pub(super) fn insert(&mut self, node: Arc<Node>) {
        let Some(order) = self.pending.remove(node.name()) else { return };
        let position = self.entries.partition_point(|entry| entry.order < order);
        let entry = Entry { node, uses: Vec::new(), stage: Stage::Opening, order };
        self.entries.insert(position, entry);
    }

    /// Lets everybody find nodes that have been opened.
    pub(super) fn publish(&mut self, opened: &[PendingNode]) {
        for place in opened {
            if let Some(entry) = self.entry_mut(&place.name) {
                entry.stage = Stage::Open;
            }
        }
    }

    /// Takes back what a place was kept for. Gives the nodes that are to be closed for it.
    pub(super) fn abandon(&mut self, place: &PendingNode) -> Vec<Arc<Node>> {
        let own =
            |entry: &&mut Entry| entry.order == place.order && entry.stage == Stage::Opening;
        if let Some(entry) = self.entry_mut(&place.name).filter(own) {
            entry.stage = Stage::Closing;
            return vec![Arc::clone(&entry.node)];
        }
        // Otherwise the name is another's by now.
        let is_expected = self.pending.get(&place.name) == Some(&place.order);
        if is_expected { self.remove(&place.name) } else { Vec::new() }
    }

    /// Lets nobody find a node any more that nobody uses. Gives it, to be closed without the lock.
    pub(super) fn begin_closing(&mut self, node: &Arc<Node>) -> Option<Arc<Node>> {
        let idle = |entry: &&mut Entry| {
            let is_open = entry.stage == Stage::Open && entry.uses.is_empty();
            is_open && Arc::ptr_eq(&entry.node, node)
        };
        let entry = self.entry_mut(node.name()).filter(idle)?;
        entry.stage = Stage::Closing;
        Some(Arc::clone(&entry.node))
    }

    /// As [`State::begin_closing`], for the newest node that nobody uses.
    pub(super) fn begin_closing_unused(&mut self) -> Option<Arc<Node>> {
        let unused = |entry: &&mut Entry| entry.stage == Stage::Open && entry.uses.is_empty();
        let entry = self.entries.iter_mut().rev().find(unused)?;
        entry.stage = Stage::Closing;
        Some(Arc::clone(&entry.node))
    }

    /// Frees the name of a node that is closed or never came into being, and takes the node off
    /// its children. Gives the children that have no reason to stay, to be closed as well.
    pub(super) fn remove(&mut self, name: &str) -> Vec<Arc<Node>> {
        self.pending.remove(name);
        if let Some(position) = self.entries.iter().position(|e| e.node.name() == name) {
            let entry = self.entries.remove(position);
            // Somebody may still hold the node and with it the open file, but not the locks.
            entry.node.with_host_file(|file| file.set_access(Access::NONE).ok());
        }
        self.detach(name, |_any, _role| true)
    }

    /// Takes a node off those of its children for which `is_left` holds. Gives the ones that have
    /// no reason to stay, to be closed.
    pub(super) fn detach(
        &mut self,
        parent: &str,
        is_left: impl Fn(&Node, Role) -> bool,
    ) -> Vec<Arc<Node>> {
        let unused = self.drop_uses_by(parent, is_left);
        self.refresh_after_release();
        unused
    }

    fn drop_uses_by(
        &mut self,
        parent: &str,
        is_left: impl Fn(&Node, Role) -> bool,
    ) -> Vec<Arc<Node>> {
        let mut unused = Vec::new();
        for entry in &mut self.entries {
            let before = entry.uses.len();
            entry.uses.retain(|used| match &used.user {
                User::Node { name, .. } => name != parent || !is_left(&entry.node, used.role),
                User::External { .. } => true,
            });
            if entry.uses.len() < before && entry.is_unused() {
                entry.stage = Stage::Closing;
                unused.push(Arc::clone(&entry.node));
            }
        }
        unused
    }

    /// A number that no reservation had.
    pub(super) fn new_reservation_number(&mut self) -> u64 {
        self.next_reservation += 1;
        self.next_reservation
    }

    /// Adds a use to a node, if it is still there, if all users of all nodes can agree on it and
    /// the image locks that follow from it are to be had.
    pub(super) fn attach(&mut self, node: &Arc<Node>, used: Use) -> Result<()> {
        let name = node.name();
        let is_there =
            |entry: &&mut Entry| Arc::ptr_eq(&entry.node, node) && entry.stage != Stage::Closing;
        let entry = self.entry_mut(name).filter(is_there);
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

    /// Takes and gives back image locks as the uses are now.
    pub(super) fn refresh(&self) -> Result<()> {
        let accesses = permissions::accesses(&self.entries)?;
        let mut changed: Vec<(&Node, Access)> = Vec::new();
        for Entry { node, .. } in &self.entries {
            let wanted = accesses.get(node.name()).copied().unwrap_or(Access::NONE);
            match node.with_host_file(|file| file.set_access(wanted)) {
                Some(Ok(before)) => changed.push((node, before)),
                Some(Err(error)) => {
                    for (node, before) in changed {
                        // Going back to what was held: others could not take it meanwhile.
                        node.with_host_file(|file| file.set_access(before).ok());
                    }
                    return Err(error);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// As [`State::refresh`] where uses only went away, which nobody can object to.
    pub(super) fn refresh_after_release(&self) {
        if let Err(error) = self.refresh() {
            tracing::error!(%error, "image locks could not be given back");
        }
    }

    /// Has a reservation take and forbid nothing any more of its nodes, or only of those that it is
    /// attached to.
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

    /// Takes a reservation off all nodes. Gives those that have no reason to stay, to be closed.
    pub(super) fn release(&mut self, number: u64) -> Vec<Arc<Node>> {
        let mut unused = Vec::new();
        for entry in &mut self.entries {
            let before = entry.uses.len();
            entry.uses.retain(|used| match &used.user {
                User::External { reservation, .. } => *reservation != number,
                User::Node { .. } => true,
            });
            let lost = entry.uses.len() < before && entry.stage == Stage::Open;
            if lost && entry.is_unused() {
                entry.stage = Stage::Closing;
                unused.push(Arc::clone(&entry.node));
            }
        }
        self.refresh_after_release();
        unused
    }
}
