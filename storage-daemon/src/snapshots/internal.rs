//! Internal snapshots, within the image of a node.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use block::error::Error;
use block::image::qcow2::snapshots::{NewSnapshot, Snapshot};
use block::nodes::{Graph, Node};
use qapi_core::Result;

use crate::jobs::prepare::{Change, PreparedAction, TransactionContext};
use crate::messages;
use crate::schema::snapshot::BlockdevSnapshotInternal;

/// A snapshot that has been created.
#[derive(Debug)]
struct CreatedSnapshot {
    node: Arc<Node>,
    id: String,
}

impl Change for CreatedSnapshot {
    fn commit(self: Box<Self>) {}

    fn undo(self: Box<Self>, _transaction: &mut TransactionContext) {
        if let Err(error) = self.node.delete_snapshot(&self.id) {
            tracing::error!(node = %self.node.name(), %error, "a snapshot stays");
        }
    }
}

/// Creates a snapshot. Blocks until the node has no writes in flight. Other nodes of the
/// transaction are not written between their snapshots.
///
/// # Errors
/// There is no such node, it has parents or is used by a job; its format has no snapshots; the name
/// is empty or taken; the image cannot be written; or an earlier action of the transaction concerns
/// a node below.
pub fn create(
    graph: &Graph,
    options: &BlockdevSnapshotInternal,
    transaction: &mut TransactionContext,
) -> Result<PreparedAction> {
    let BlockdevSnapshotInternal { device, name } = options;
    let node = root(graph, device)?;
    transaction.quiesce(&node);
    if node.is_read_only() {
        return Err(messages::device_read_only(device));
    }
    if !node.can_snapshot() {
        return Err(messages::no_internal_snapshots(node.driver().name(), device));
    }
    if name.is_empty() {
        return Err(messages::snapshot_name_empty());
    }
    if node.find_snapshot(None, Some(name))?.is_some() {
        return Err(messages::snapshot_exists(name, device));
    }
    transaction.check_writable(&node)?;
    let date = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let date = date.unwrap_or(Duration::ZERO);
    // As in QEMU, the clock of a daemon without a guest is that of the host.
    let new = NewSnapshot { name: name.clone(), date, vm_clock: date, ..NewSnapshot::default() };
    let created = node.create_snapshot(&new);
    let created =
        created.map_err(|error| messages::cannot_create_snapshot(name, device, error))?;
    Ok(PreparedAction::Change(Box::new(CreatedSnapshot { node, id: created.id })))
}

/// Deletes the snapshot with an identifier, a name or both. Blocks. Returns its description.
///
/// # Errors
/// There is no such node or snapshot, the node has parents or is used by a job, or the image cannot
/// be written.
pub fn delete(
    graph: &Graph,
    device: &str,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<Snapshot> {
    let node = root(graph, device)?;
    if id.is_none() && name.is_none() {
        return Err(messages::snapshot_name_or_id_missing());
    }
    let found = node.find_snapshot(id, name)?;
    let snapshot = found.ok_or_else(|| messages::no_snapshot(id, name, device))?;
    node.delete_snapshot(&snapshot.id)?;
    Ok(snapshot)
}

/// A node without parents.
fn root(graph: &Graph, name: &str) -> Result<Arc<Node>> {
    let node = graph.get(name).ok_or_else(|| Error::no_device_or_node(name))?;
    graph.check_root(&node)?;
    Ok(node)
}
