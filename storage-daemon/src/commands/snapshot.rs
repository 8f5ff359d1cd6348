//! `blockdev-snapshot` and `blockdev-snapshot-sync`: overlays that take the writes to a node.

use block::nodes::Graph;
use qapi_core::{Result, qapi_command};

use crate::jobs::prepare::prepare_and_start;
use crate::schema::snapshot::{BlockdevSnapshot, BlockdevSnapshotSync};
use crate::snapshots::external;

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
