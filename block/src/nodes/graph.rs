//! The graph: all nodes by name, behind one lock.
//!
//! The lock is never held while an image is opened, read, flushed or closed, as the main loop takes
//! it too and a slow disk must not block all clients. A node that is being opened or closed
//! occupies its name, but cannot be found.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard, ReentrantMutex, ReentrantMutexGuard};

use super::corruption::Corruptions;
use super::node::Node;
use super::state::{PendingNode, State};
use super::usage::Operation;
use super::write_extent::WriteThresholds;
use crate::error::{Error, Result};
use crate::image::qcow2::Corruption;
use crate::options::BlockdevImageReferences;
use crate::throttle::ThrottleGroups;

/// All nodes of a program. Clones are handles to the same graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Notified when the opening or closing of a node ends.
    changed: Condvar,
    /// Locked while nodes are reopened, from reading their settings to writing them.
    reopening: ReentrantMutex<()>,
    image_references: BlockdevImageReferences,
    corruptions: Corruptions,
    write_thresholds: WriteThresholds,
    throttle_groups: ThrottleGroups,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty graph whose images may name no more than `allowed`, whatever the options of the
    /// nodes are.
    pub fn with_image_references(allowed: BlockdevImageReferences) -> Self {
        Graph { shared: Arc::new(Shared { image_references: allowed, ..Shared::default() }) }
    }

    /// What images may name at most.
    pub(super) fn image_references(&self) -> BlockdevImageReferences {
        self.shared.image_references
    }

    /// Calls `receiver` for each corruption that a request finds in the image of a node, with the
    /// name of the node: see [`Corruption`]. Without effect if there is a receiver already.
    ///
    /// The receiver is called on the threads of requests, and must not call the graph.
    pub fn on_corruption(&self, receiver: impl Fn(&str, &Corruption) + Send + Sync + 'static) {
        self.shared.corruptions.set(Box::new(receiver));
    }

    pub(super) fn corruptions(&self) -> &Corruptions {
        &self.shared.corruptions
    }

    pub(super) fn write_thresholds(&self) -> &WriteThresholds {
        &self.shared.write_thresholds
    }

    /// The throttle groups, which nodes with the driver `throttle` name.
    pub fn throttle_groups(&self) -> &ThrottleGroups {
        &self.shared.throttle_groups
    }

    /// Closes a node that [`Graph::add`] opened, and the nodes that were opened below it.
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

    /// Closes all nodes, parents before their children. Reserved nodes and nodes with other users
    /// stay open; the latter are logged.
    ///
    /// Blocks also while other threads open or close nodes.
    pub fn remove_all(&self) {
        loop {
            let mut state = self.lock_state();
            if let Some(node) = state.begin_closing_unused() {
                drop(state);
                self.close_all(Some(node));
            } else if state.is_changing() {
                self.shared.changed.wait(&mut state);
            } else {
                for node in state.open_nodes() {
                    tracing::error!(node = %node.name(), "not closed, as it is in use");
                }
                return;
            }
        }
    }

    /// The open node of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Node>> {
        self.with_state(|state| state.find(name).map(|entry| Arc::clone(&entry.node)))
    }

    /// All open nodes, the newest first.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.with_state(|state| state.open_nodes())
    }

    /// Checks that no user of a node blocks an operation.
    ///
    /// # Errors
    /// [`Error::NodeBusy`] if a user of the node blocks it.
    pub fn check_free(&self, node: &Node, operation: Operation) -> Result<()> {
        self.with_state(|state| match state.find(node.name()) {
            Some(entry) => entry.check_free(operation),
            None => Ok(()),
        })
    }

    /// Checks that a node has no parents and that no job works on it.
    ///
    /// # Errors
    /// [`Error::NotARoot`] if it has a parent, be it the filter of a job.
    pub fn check_root(&self, node: &Node) -> Result<()> {
        self.with_state(|state| match state.find(node.name()) {
            Some(entry) if entry.has_parents() => Err(Error::NotARoot),
            Some(_) | None => Ok(()),
        })
    }

    /// Runs `work` with the state locked. It must not do I/O.
    pub(super) fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.lock_state())
    }

    /// Locks the state. No I/O may be done under the lock.
    pub(super) fn lock_state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    /// Excludes other threads that reopen nodes or change their children. The lock is taken
    /// before that of the state, never under it. Blocks while images are opened.
    pub fn lock_reopen(&self) -> ReentrantMutexGuard<'_, ()> {
        self.shared.reopening.lock()
    }

    /// Makes nodes that have been opened visible to all users.
    pub(super) fn publish(&self, opened: &[PendingNode]) {
        self.with_state(|state| state.publish(opened));
        self.shared.changed.notify_all();
    }

    /// Cancels the opening of a node: removes the node itself, if it has been inserted, its uses of
    /// children and the reservation of its name.
    pub(super) fn abandon(&self, pending: &PendingNode) {
        let closing = self.with_state(|state| state.abandon(pending));
        self.close_all(closing);
        self.shared.changed.notify_all();
    }

    /// Removes a node whose image need not be closed.
    pub(super) fn discard(&self, name: &str) {
        let unused = self.with_state(|state| state.remove(name));
        self.close_all(unused);
        self.shared.changed.notify_all();
    }

    /// Closes nodes that [`State::begin_closing`] has hidden, and the nodes below that only they
    /// used.
    pub(super) fn close_all(&self, nodes: impl IntoIterator<Item = Arc<Node>>) {
        let mut closing: Vec<Arc<Node>> = nodes.into_iter().collect();
        while let Some(node) = closing.pop() {
            if let Err(error) = node.image.close() {
                tracing::error!(
                    node = %node.name(), %error, "cannot flush the image while closing it"
                );
            }
            node.free_preallocated();
            node.free_own_preallocated();
            // The node is removed after the flush, so that the next user of the nodes below finds
            // all data.
            closing.extend(self.with_state(|state| state.remove(node.name())));
            self.shared.changed.notify_all();
        }
    }
}

/// Nodes without users that are to be closed and cannot be found any more. They are closed when
/// this is dropped, which blocks if there are any.
#[derive(Debug)]
#[must_use = "the nodes are closed when this is dropped"]
pub struct ClosingNodes {
    graph: Graph,
    nodes: Vec<Arc<Node>>,
}

impl ClosingNodes {
    pub(super) fn new(graph: &Graph, nodes: Vec<Arc<Node>>) -> Self {
        ClosingNodes { graph: graph.clone(), nodes }
    }

    /// Whether there are no nodes to close.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl Drop for ClosingNodes {
    fn drop(&mut self) {
        self.graph.close_all(std::mem::take(&mut self.nodes));
    }
}
