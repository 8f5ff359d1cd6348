//! Nodes to which no write is in flight.

use std::fmt;
use std::sync::Arc;

use super::node::Node;
use super::watch::{WriteWatcher, WritesBlocked};

/// A node to which no write is in flight. Writes are unblocked when this is dropped.
#[must_use = "writes are unblocked when this is dropped"]
pub struct Quiesced {
    node: Arc<Node>,
    writes: WritesBlocked,
}

impl Node {
    /// Waits for the writes in flight, and blocks later ones until the result is dropped.
    pub async fn quiesce(self: &Arc<Self>) -> Quiesced {
        Quiesced { node: Arc::clone(self), writes: self.writes.block_writes().await }
    }
}

impl Quiesced {
    /// The node.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Registers a watcher for all later writes, until the watcher is dropped.
    pub fn watch<W: WriteWatcher>(&mut self, watcher: &Arc<W>) {
        self.writes.watch(watcher);
    }
}

impl fmt::Debug for Quiesced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quiesced").field("node", &self.node.name()).finish_non_exhaustive()
    }
}
