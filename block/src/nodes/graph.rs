//! The graph: all nodes of a daemon, by name.
//!
//! Its lock is held to look something up and to note something down, never while an image is
//! opened, read, flushed or closed: the main loop takes it too, and one slow disk must not stop
//! all clients. A node that is being opened or closed has its name to itself meanwhile, and
//! nobody finds it.

use super::node::Node;
use super::state::{PendingNode, State};
use super::usage::Operation;
use crate::error::{Error, Result};
use parking_lot::{Condvar, Mutex, MutexGuard, ReentrantMutex, ReentrantMutexGuard};
use std::sync::Arc;

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

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
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
            let mut state = self.lock_state();
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

    /// Lets `work` have the state. It must do no I/O.
    pub(super) fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.lock_state())
    }

    /// Locks the state. No I/O may be done under the lock.
    pub(super) fn lock_state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
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

/// Nodes that nobody needs any more and nobody finds. They are closed when this is dropped, which
/// blocks if there are any.
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

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl Drop for ClosingNodes {
    fn drop(&mut self) {
        self.graph.close_all(std::mem::take(&mut self.nodes));
    }
}
