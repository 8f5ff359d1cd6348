//! The graph: all nodes of a daemon, by name.
//!
//! Its lock is held to look something up and to note something down, never while an image is
//! opened, read, flushed or closed: the main loop takes it too, and one slow disk must not stop
//! all clients. A node that is being opened or closed has its name to itself meanwhile, and
//! nobody finds it.

use super::backing::BackingChange;
use super::closing::ClosingNodes;
use super::info::NodeInfo;
use super::node::Node;
use super::open::{open_borrowed, open_root};
use super::open_qcow2::open_named_backing;
use super::permissions::{Role, Use, User};
use super::root::RootNode;
use super::state::{PendingNode, State};
use super::usage::{BackingLink, NamedAs, NodeUse, Operation};
use super::{filename, info};
use crate::error::{Error, Result};
use crate::image::permissions::Access;
use crate::options::{BlockdevOptions, BlockdevRef};
use parking_lot::{Condvar, Mutex, ReentrantMutex, ReentrantMutexGuard};
use std::sync::Arc;

/// The graph never holds more nodes: beyond it, a client is more likely in a loop than in need.
pub const MAX_NODES: usize = 4096;

/// How messages call users that have no name.
const UNNAMED: &str = "an unnamed block device";

/// All nodes of a daemon. Clones are handles to the same graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Notified when a node that was being opened or closed no longer is.
    changed: Condvar,
    /// Held by who has nodes go on in another way, from looking at how they are on.
    reopening: ReentrantMutex<()>,
}

/// Nodes that a job keeps; dropping it lets go of them.
#[derive(Debug)]
#[must_use = "the nodes are let go of when this is dropped"]
pub struct Reservation {
    graph: Graph,
    number: u64,
    /// Closed once nobody is known to use it.
    opened: Option<BorrowedNode>,
}

impl Reservation {
    /// Takes and forbids nothing any more of the nodes that were written, for others to write. They
    /// stay reserved.
    pub fn end_writing(&self) {
        self.graph.with_state(|state| state.end_access(self.number, true));
    }

    /// Takes and forbids nothing any more of any node. They stay reserved.
    pub fn end_access(&self) {
        self.graph.with_state(|state| state.end_access(self.number, false));
    }

    /// Closes a node as soon as the nodes are let go of.
    pub fn close_on_release(&mut self, opened: Option<BorrowedNode>) {
        self.opened = opened;
    }
}

impl Reservation {
    /// Lets go of the nodes without waiting for anything. Gives those that nobody needs any more.
    pub fn release(mut self) -> ClosingNodes {
        self.take_nodes()
    }

    fn take_nodes(&mut self) -> ClosingNodes {
        let mut nodes = self.graph.with_state(|state| state.release(self.number));
        nodes.extend(self.opened.take().and_then(|mut opened| opened.release()));
        ClosingNodes::new(&self.graph, nodes)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        drop(self.take_nodes());
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
    pub fn add(&self, options: &BlockdevOptions) -> Result<Arc<Node>> {
        open_root(self, options)
    }

    /// Closes a node that [`Graph::add`] opened, and what was opened below it with it.
    ///
    /// Blocks while the image is flushed.
    ///
    /// # Errors
    /// [`Error::NodeNotFound`], [`Error::NodeAttached`], [`Error::NodeBusy`],
    /// [`Error::NodeNotOwned`], [`Error::NodeInUse`].
    pub fn remove(&self, name: &str) -> Result<()> {
        let node = self.with_state(|state| {
            let entry = state.find(name).ok_or_else(|| Error::NodeNotFound(name.to_owned()))?;
            if entry.is_attached() {
                return Err(Error::NodeAttached(name.to_owned()));
            }
            entry.check_free(Operation::Delete)?;
            if !entry.node.monitor_owned() {
                return Err(Error::NodeNotOwned(name.to_owned()));
            }
            if !entry.uses.is_empty() {
                return Err(Error::NodeInUse(name.to_owned()));
            }
            let node = Arc::clone(&entry.node);
            Ok(state.begin_closing(&node))
        })?;
        self.close_all(node);
        Ok(())
    }

    /// Closes all nodes, those above before those below. Reserved nodes stay.
    ///
    /// Blocks also until whatever others are opening and closing is settled.
    pub fn remove_all(&self) {
        loop {
            let mut state = self.shared.state.lock();
            if let Some(node) = state.begin_closing_unused() {
                drop(state);
                self.close_all(Some(node));
            } else if state.is_changing() {
                self.shared.changed.wait(&mut state);
            } else {
                return;
            }
        }
    }

    /// The node of that name.
    pub fn get(&self, name: &str) -> Option<Arc<Node>> {
        self.with_state(|state| state.find(name).map(|entry| Arc::clone(&entry.node)))
    }

    /// All nodes, the newest first.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.with_state(|state| state.open_nodes())
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
        self.with_state(|state| match state.find(node.name()) {
            Some(entry) => entry.check_free(operation),
            None => Ok(()),
        })
    }

    /// Whether no other node stands on a node and no job works on it.
    ///
    /// # Errors
    /// [`Error::NotARoot`] when one does, be it the filter of a job.
    pub fn check_root(&self, node: &Node) -> Result<()> {
        self.with_state(|state| match state.find(node.name()) {
            Some(entry) if entry.has_parents() => Err(Error::NotARoot),
            Some(_) | None => Ok(()),
        })
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
        self.reserve_as(&description, &reason, uses)
    }

    /// As [`Graph::reserve`], for work that has no name.
    ///
    /// # Errors
    /// As for [`Graph::reserve`].
    pub fn reserve_unnamed(
        &self,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        self.reserve_as(UNNAMED, "block device is in use", uses)
    }

    fn reserve_as(
        &self,
        description: &str,
        reason: &str,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        let mut state = self.shared.state.lock();
        let number = state.new_reservation_number();
        for one in uses {
            let NodeUse { node, role, access, exclusive, attached, user, link } = one;
            let description = match user {
                NamedAs::Job => description.to_owned(),
                NamedAs::Unnamed => UNNAMED.to_owned(),
                NamedAs::Node(name) => format!("node '{name}'"),
            };
            let user = User::External {
                reservation: number,
                description,
                access,
                blocks: exclusive.then(|| reason.to_owned()),
                attached,
                link,
                root: None,
            };
            if let Err(error) = state.attach(&node, Use { user, role: Role::External(role) }) {
                let unused = state.release(number);
                drop(state);
                self.close_all(unused);
                return Err(error);
            }
        }
        Ok(Reservation { graph: self.clone(), number, opened: None })
    }

    /// Gives a node to a root.
    pub(super) fn reserve_root(
        &self,
        user: &str,
        node: Arc<Node>,
        access: Access,
        root: Arc<RootNode>,
    ) -> Result<Reservation> {
        let mut state = self.shared.state.lock();
        let number = state.new_reservation_number();
        let user = User::External {
            reservation: number,
            description: user.to_owned(),
            access,
            blocks: None,
            attached: true,
            link: BackingLink::Free,
            root: Some(root),
        };
        state.attach(&node, Use { user, role: Role::External("root") })?;
        Ok(Reservation { graph: self.clone(), number, opened: None })
    }

    /// Finds a node, or opens one that lives no longer than the borrowing.
    ///
    /// # Errors
    /// [`Error::NodeUnknown`], or those of [`Graph::add`].
    pub fn borrow_child(&self, child: &BlockdevRef) -> Result<BorrowedNode> {
        let (node, temporary) = open_borrowed(self, child)?;
        Ok(BorrowedNode { graph: self.clone(), node, temporary })
    }

    /// Has a node that was opened without a backing node stand on what its image names as its
    /// backing file, if that names one. Blocks while images are opened.
    ///
    /// # Errors
    /// As for [`Graph::add`].
    pub fn open_backing(&self, node: &Arc<Node>) -> Result<()> {
        let Some(opened) = open_named_backing(self, node)? else { return Ok(()) };
        let _ = opened.opened_for.set(Arc::downgrade(node));
        // Closed again if it does not come to be used.
        let opened = BorrowedNode { graph: self.clone(), node: opened, temporary: true };
        let change = BackingChange { node: Some(Arc::clone(opened.node())), name: None };
        self.change_backing(node, change)
    }

    /// Lets `work` have the state. It must do no I/O.
    pub(super) fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.shared.state.lock())
    }

    /// Keeps others from having nodes go on in another way meanwhile, or on other nodes. Taken
    /// before the state, never while that is held; blocks as long as images are opened.
    pub fn lock_reopen(&self) -> ReentrantMutexGuard<'_, ()> {
        self.shared.reopening.lock()
    }

    /// Makes nodes that have been opened known to all.
    pub(super) fn publish(&self, opened: &[PendingNode]) {
        self.with_state(|state| state.publish(opened));
        self.shared.changed.notify_all();
    }

    /// Takes back what a place was kept for, where the node could not be opened: the node itself,
    /// if it has come into being, and its uses of others.
    pub(super) fn abandon(&self, place: &PendingNode) {
        let doomed = self.with_state(|state| state.abandon(place));
        self.close_all(doomed);
        self.shared.changed.notify_all();
    }

    /// Forgets a node that has nothing to be closed.
    pub(super) fn discard(&self, name: &str) {
        let unused = self.with_state(|state| state.remove(name));
        self.close_all(unused);
        self.shared.changed.notify_all();
    }

    /// Closes nodes of which [`State::begin_closing`] was told, and the nodes below that only
    /// existed for them.
    pub(super) fn close_all(&self, nodes: impl IntoIterator<Item = Arc<Node>>) {
        let mut doomed: Vec<Arc<Node>> = nodes.into_iter().collect();
        while let Some(node) = doomed.pop() {
            if let Err(error) = node.image.close() {
                tracing::error!(
                    node = %node.name(), %error, "cannot flush the image while closing it"
                );
            }
            // Only now: whoever uses the nodes below next finds everything written.
            doomed.extend(self.with_state(|state| state.remove(node.name())));
            self.shared.changed.notify_all();
        }
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

impl BorrowedNode {
    /// Gives the node, to be closed, if nobody uses it any more.
    fn release(&mut self) -> Option<Arc<Node>> {
        let is_temporary = std::mem::take(&mut self.temporary);
        is_temporary
            .then(|| self.graph.with_state(|state| state.begin_closing(&self.node)))
            .flatten()
    }
}

impl Drop for BorrowedNode {
    fn drop(&mut self) {
        let node = self.release();
        self.graph.close_all(node);
    }
}
