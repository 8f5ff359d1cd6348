//! The disks of a snapshot.

use std::sync::Arc;

use block::image::permissions::{Access, Permissions};
use block::image::qcow2::snapshots::Snapshot;
use block::nodes::{Graph, Node, Quiesced, Root, quiesce_all};
use qapi_core::Result;

use crate::messages;

/// The nodes that a client has named, in the client's order. A node may be named twice.
///
/// The nodes cannot be removed while the value exists.
pub(super) struct Devices {
    nodes: Vec<Arc<Node>>,
    _users: Vec<Root>,
}

impl Devices {
    /// The nodes of these names. Blocks.
    ///
    /// # Errors
    /// There is no name; a node does not exist, or has no internal snapshots.
    pub(super) fn find(graph: &Graph, names: &[String]) -> Result<Self> {
        if names.is_empty() {
            return Err(messages::no_device());
        }
        let mut devices = Self { nodes: Vec::new(), _users: Vec::new() };
        for name in names {
            let node = graph.get(name).ok_or_else(|| messages::unknown_node(name))?;
            let access = Access { takes: Permissions::empty(), shares: Permissions::all() };
            devices._users.push(graph.attach_root("snapshot", Arc::clone(&node), access)?);
            devices.nodes.push(node);
        }
        match devices.nodes.iter().find(|node| !node.can_snapshot()) {
            Some(node) => Err(messages::no_snapshots(node.name())),
            None => Ok(devices),
        }
    }

    /// The nodes.
    pub(super) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// The node of this name.
    ///
    /// # Errors
    /// It is not one of the devices.
    pub(super) fn node(&self, name: &str) -> Result<&Arc<Node>> {
        let node = self.nodes.iter().find(|node| node.name() == name);
        node.ok_or_else(|| messages::vmstate_missing(name))
    }

    /// The snapshots with the name `tag`, in the order of the nodes; `None` for a node without one.
    ///
    /// # Errors
    /// The format of a node has no snapshots.
    pub(super) fn snapshots(&self, tag: &str) -> Result<Vec<Option<Snapshot>>> {
        let find = |node: &Arc<Node>| Ok(node.find_snapshot(None, Some(tag))?);
        self.nodes.iter().map(find).collect()
    }

    /// Waits for the writes to all nodes, and blocks later ones until the result is dropped.
    pub(super) async fn quiesce(&self) -> Vec<Quiesced> {
        quiesce_all(self.nodes.clone()).await
    }
}
