//! `blockdev-snapshot` and `blockdev-snapshot-sync`: overlays that take the writes to a node.
//! `blockdev-snapshot-internal-sync` and `blockdev-snapshot-delete-internal-sync`: snapshots within
//! an image.

use block::nodes::Graph;
use qapi_core::{Result, qapi_command};

use crate::jobs::prepare::prepare_and_start;
use crate::schema::node_info::SnapshotInfo;
use crate::schema::snapshot::{BlockdevSnapshot, BlockdevSnapshotInternal, BlockdevSnapshotSync};
use crate::snapshots::{external, internal};

/// Puts a node on another one, which becomes its backing node. Users of that node use the overlay
/// from then on.
///
/// # Errors
/// The nodes do not exist; the overlay has a backing node or cannot have one; or other users do not
/// permit the change.
#[qapi_command(since = "2.5", boxed, allow_preconfig, features(allow_write_only_overlay))]
pub async fn blockdev_snapshot(
    #[qapi(state)] graph: &Graph,
    options: BlockdevSnapshot,
) -> Result<()> {
    let graph = graph.clone();
    prepare_and_start(move |transaction| {
        Ok(vec![external::blockdev_snapshot(&graph, &options, transaction)?])
    })
    .await
}

/// Creates an overlay, and puts it on a node.
///
/// # Errors
/// As for `blockdev-snapshot`; or the image cannot be created or opened.
#[qapi_command(since = "0.14", boxed, allow_preconfig)]
pub async fn blockdev_snapshot_sync(
    #[qapi(state)] graph: &Graph,
    options: BlockdevSnapshotSync,
) -> Result<()> {
    let graph = graph.clone();
    prepare_and_start(move |transaction| {
        Ok(vec![external::blockdev_snapshot_sync(&graph, options, transaction)?])
    })
    .await
}

/// Creates an internal snapshot of a node.
///
/// # Errors
/// There is no such node, it has parents or is used by a job; its format has no snapshots; the name
/// is empty or taken; or the image cannot be written.
#[qapi_command(since = "1.7", boxed, allow_preconfig)]
pub async fn blockdev_snapshot_internal_sync(
    #[qapi(state)] graph: &Graph,
    options: BlockdevSnapshotInternal,
) -> Result<()> {
    let graph = graph.clone();
    prepare_and_start(move |transaction| {
        Ok(vec![internal::create(&graph, &options, transaction)?])
    })
    .await
}

/// Deletes an internal snapshot of a node, by its identifier, its name or both.
///
/// # Errors
/// There is no such node or snapshot, the node has parents or is used by a job, or the image cannot
/// be written.
#[qapi_command(since = "1.7", allow_preconfig, blocking)]
pub fn blockdev_snapshot_delete_internal_sync(
    #[qapi(state)] graph: &Graph,
    /// The node.
    device: &str,
    /// The identifier of the snapshot.
    id: Option<&str>,
    /// The name of the snapshot.
    name: Option<&str>,
) -> Result<SnapshotInfo> {
    Ok(SnapshotInfo::from(&internal::delete(graph, device, id, name)?))
}
