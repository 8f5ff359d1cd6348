//! The graph: all nodes of a daemon, by name.

use super::info::NodeInfo;
use super::names::Generator;
use super::node::Node;
use super::open::{open_borrowed, open_root};
use super::options::{Child, NodeOptions};
use super::sharing::{self, Entry, Role, Use, User};
use super::{filename, info};
use crate::error::{Error, Result};
use crate::image::permissions::{Access, Permissions};
use parking_lot::Mutex;
use std::sync::Arc;

/// The graph never holds more nodes: beyond it, a client is more likely in a loop than in need.
pub const MAX_NODES: usize = 4096;

/// All nodes of a daemon. Clones are handles to the same graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    state: Arc<Mutex<State>>,
}

/// Work that another user of a node may forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Removing the node.
    Delete,
    /// Copying from the node.
    BackupSource,
    /// Copying onto the node.
    BackupTarget,
}

impl Operation {
    /// Whether it can go on under a node that has this one as its backing file.
    fn allowed_on_backing(self) -> bool {
        match self {
            Operation::Delete => false,
            Operation::BackupSource | Operation::BackupTarget => true,
        }
    }
}

/// How a job uses a node.
#[derive(Clone, Debug)]
pub struct NodeUse {
    /// The node.
    pub node: Arc<Node>,
    /// What the node is to the job, in messages.
    pub role: &'static str,
    /// What the job takes of it and leaves to others.
    pub access: Access,
    /// Whether nobody else may start work on it.
    pub exclusive: bool,
}

impl NodeUse {
    /// A node that is read while it must not change.
    pub fn source(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::WRITE - Permissions::RESIZE;
        let access = Access { takes: Permissions::CONSISTENT_READ, shares };
        NodeUse { node, role: "file", access, exclusive: false }
    }

    /// A node that is written and keeps its size. Readers are welcome at their own risk.
    pub fn target(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        let access = Access { takes: Permissions::WRITE, shares };
        NodeUse { node, role: "target", access, exclusive: true }
    }
}

/// Nodes that a job keeps; dropping it lets go of them.
#[derive(Debug)]
#[must_use = "the nodes are let go of when this is dropped"]
pub struct Reservation {
    graph: Graph,
    number: u64,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.graph.state.lock().release(self.number);
    }
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens a node and all that is described inline below it, or nothing at all.
    ///
    /// Blocks while files are opened.
    ///
    /// # Errors
    /// Any of [`Error`]; the graph is then as before.
    pub fn add(&self, options: NodeOptions) -> Result<Arc<Node>> {
        open_root(&mut self.state.lock(), options)
    }

    /// Closes a node that [`Graph::add`] opened, and what was opened below it with it.
    ///
    /// Blocks while the image is flushed.
    ///
    /// # Errors
    /// [`Error::NodeNotFound`], [`Error::NodeBusy`], [`Error::NodeNotOwned`],
    /// [`Error::NodeInUse`].
    pub fn remove(&self, name: &str) -> Result<()> {
        let mut state = self.state.lock();
        let entry = state.entry(name).ok_or_else(|| Error::NodeNotFound(name.to_owned()))?;
        check_free(entry, Operation::Delete)?;
        if !entry.node.monitor_owned {
            return Err(Error::NodeNotOwned(name.to_owned()));
        }
        if !entry.uses.is_empty() {
            return Err(Error::NodeInUse(name.to_owned()));
        }
        state.discard(name);
        Ok(())
    }

    /// Closes all nodes, those above before those below. Reserved nodes stay.
    pub fn remove_all(&self) {
        let mut state = self.state.lock();
        while let Some(name) = state.unused() {
            state.discard(&name);
        }
    }

    /// The node of that name.
    pub fn get(&self, name: &str) -> Option<Arc<Node>> {
        self.state.lock().entry(name).map(|entry| Arc::clone(&entry.node))
    }

    /// All nodes, the newest first.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.state.lock().entries.iter().rev().map(|entry| Arc::clone(&entry.node)).collect()
    }

    /// What there is to tell about a node: with `flat`, nothing about its backing images.
    ///
    /// # Errors
    /// [`Error::Io`] when a size cannot be found out.
    pub fn info(&self, node: &Node, flat: bool) -> Result<NodeInfo> {
        info::node_info(node, flat)
    }

    /// The name of a node's image: a path, or a description that begins with `json:`.
    pub fn filename(&self, node: &Node) -> String {
        filename::filename(node)
    }

    /// Whether an operation may begin on a node.
    ///
    /// # Errors
    /// [`Error::NodeBusy`] when a user of the node forbids it.
    pub fn check_free(&self, node: &Node, operation: Operation) -> Result<()> {
        match self.state.lock().entry(node.name()) {
            Some(entry) => check_free(entry, operation),
            None => Ok(()),
        }
    }

    /// Gives nodes to a job: its permissions are taken, image locks included, and the nodes
    /// cannot be removed.
    ///
    /// # Errors
    /// [`Error::PermissionConflict`], [`Error::NodeReadOnly`], [`Error::ImageLocked`];
    /// [`Error::NodeNotFound`] if a node has been removed meanwhile. Nothing is taken then.
    pub fn reserve(
        &self,
        job_type: &str,
        job_id: &str,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        let description = format!("{job_type} job '{job_id}'");
        let reason = format!("block device is in use by block job: {job_type}");
        self.hold(&description, &reason, uses)
    }

    /// As [`Graph::reserve`], for work that has no name.
    ///
    /// # Errors
    /// As for [`Graph::reserve`].
    pub fn reserve_unnamed(
        &self,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        self.hold("an unnamed block device", "block device is in use", uses)
    }

    fn hold(
        &self,
        description: &str,
        reason: &str,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        let mut state = self.state.lock();
        let number = state.next_reservation;
        state.next_reservation += 1;
        for NodeUse { node, role, access, exclusive } in uses {
            let user = User::Holder {
                reservation: number,
                description: description.to_owned(),
                access,
                blocks: exclusive.then(|| reason.to_owned()),
            };
            if let Err(error) = state.attach(node.name(), Use { user, role: Role::Held(role) }) {
                state.release(number);
                return Err(error);
            }
        }
        Ok(Reservation { graph: self.clone(), number })
    }

    /// Finds a node, or opens one that lives no longer than the borrowing.
    ///
    /// # Errors
    /// [`Error::NodeUnknown`], or those of [`Graph::add`].
    pub fn borrow_child(&self, child: Child) -> Result<BorrowedNode> {
        let (node, temporary) = open_borrowed(&mut self.state.lock(), child)?;
        Ok(BorrowedNode { graph: self.clone(), node, temporary })
    }
}

/// A node that someone uses for a while; closed afterwards if it was opened only for that.
#[derive(Debug)]
pub struct BorrowedNode {
    graph: Graph,
    node: Arc<Node>,
    temporary: bool,
}

impl BorrowedNode {
    /// The node.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

impl Drop for BorrowedNode {
    fn drop(&mut self) {
        if self.temporary {
            self.graph.state.lock().discard(self.node.name());
        }
    }
}

/// Whether the users of a node let an operation begin; the newest is asked first.
fn check_free(entry: &Entry, operation: Operation) -> Result<()> {
    for used in entry.uses.iter().rev() {
        let reason = match (&used.user, used.role) {
            (User::Holder { blocks: Some(reason), .. }, _any) => reason.clone(),
            (User::Node { name, .. }, Role::Backing) if !operation.allowed_on_backing() => {
                format!("node is used as backing hd of '{name}'")
            }
            (User::Holder { .. } | User::Node { .. }, _any) => continue,
        };
        return Err(Error::NodeBusy { node: entry.node.name().to_owned(), reason });
    }
    Ok(())
}

/// What is behind the lock of a [`Graph`].
#[derive(Debug, Default)]
pub(super) struct State {
    /// The nodes, the oldest first.
    entries: Vec<Entry>,
    pub(super) names: Generator,
    next_reservation: u64,
}

impl State {
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.node.name() == name)
    }

    fn entry_mut(&mut self, name: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.node.name() == name)
    }

    /// Whether another node fits in.
    pub(super) fn check_room(&self) -> Result<()> {
        if self.entries.len() < MAX_NODES { Ok(()) } else { Err(Error::TooManyNodes(MAX_NODES)) }
    }

    /// How many nodes there are: the mark to go back to with [`State::roll_back`].
    pub(super) fn mark(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn insert(&mut self, position: usize, node: Arc<Node>) {
        self.entries.insert(position, Entry { node, uses: Vec::new() });
    }

    /// Adds a use to a node, if all users of all nodes can agree on it and the image locks that
    /// follow from it are to be had.
    pub(super) fn attach(&mut self, name: &str, used: Use) -> Result<()> {
        let entry = self.entry_mut(name).ok_or_else(|| Error::NodeNotFound(name.to_owned()))?;
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
    fn refresh(&self) -> Result<()> {
        let accesses = sharing::accesses(&self.entries)?;
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
    fn refresh_after_release(&self) {
        if let Err(error) = self.refresh() {
            tracing::error!(%error, "image locks could not be given back");
        }
    }

    fn release(&mut self, number: u64) {
        for entry in &mut self.entries {
            entry.uses.retain(|used| match &used.user {
                User::Holder { reservation, .. } => *reservation != number,
                User::Node { .. } => true,
            });
        }
        self.refresh_after_release();
    }

    /// A node that nobody uses, the newest of them.
    fn unused(&self) -> Option<String> {
        let entry = self.entries.iter().rev().find(|entry| entry.uses.is_empty())?;
        Some(entry.node.name().to_owned())
    }

    /// Closes a node that nobody uses, and the nodes below that only existed for it.
    pub(super) fn discard(&mut self, name: &str) {
        let mut doomed = vec![name.to_owned()];
        while let Some(name) = doomed.pop() {
            let Some(position) = self.entries.iter().position(|e| e.node.name() == name) else {
                continue;
            };
            let entry = self.entries.remove(position);
            if let Err(error) = entry.node.image.close() {
                tracing::error!(node = %name, %error, "cannot flush the image while closing it");
            }
            // Somebody may still hold the node and with it the open file, but not the locks.
            entry.node.with_host_file(|file| file.set_access(Access::NONE).ok());
            doomed.extend(self.drop_uses_by(&name));
        }
        self.refresh_after_release();
    }

    /// Takes a node off its children. Gives the children that have no reason to stay.
    pub(super) fn drop_uses_by(&mut self, parent: &str) -> Vec<String> {
        let mut orphans = Vec::new();
        for entry in &mut self.entries {
            let before = entry.uses.len();
            entry.uses.retain(|used| match &used.user {
                User::Node { name, .. } => name != parent,
                User::Holder { .. } => true,
            });
            let lost = entry.uses.len() < before;
            if lost && entry.uses.is_empty() && !entry.node.monitor_owned {
                orphans.push(entry.node.name().to_owned());
            }
        }
        orphans
    }
}
