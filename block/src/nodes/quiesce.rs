//! Nodes to which no write is in flight.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::depth::{has_below, height};
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
    ///
    /// As in QEMU, the requests of a throttle node do not wait for their turn meanwhile.
    pub async fn quiesce(self: &Arc<Self>) -> Quiesced {
        let _released = self.throttle_member().map(|member| member.release());
        Quiesced { node: Arc::clone(self), writes: self.writes.block_writes().await }
    }
}

/// Quiesces several nodes, each once.
///
/// A write to a node becomes writes to the nodes below, which must not be blocked before it has
/// ended: the topmost nodes come first.
pub async fn quiesce_all(mut nodes: Vec<Arc<Node>>) -> Vec<Quiesced> {
    sort_from_top(&mut nodes);
    nodes.dedup_by(|one, other| Arc::ptr_eq(one, other));
    let mut quiesced = Vec::with_capacity(nodes.len());
    for node in nodes {
        quiesced.push(node.quiesce().await);
    }
    quiesced
}

/// Sorts nodes so that each comes before those below it, and equal ones side by side.
fn sort_from_top(nodes: &mut [Arc<Node>]) {
    let mut heights = HashMap::new();
    nodes.sort_by_cached_key(|node| (Reverse(height(node, &mut heights)), Arc::as_ptr(node)));
}

impl Quiesced {
    /// Whether this node is below another one, whose writes wait for it then.
    pub fn is_below(&self, other: &Arc<Node>) -> bool {
        !Arc::ptr_eq(&self.node, other) && has_below(other, &self.node)
    }

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
