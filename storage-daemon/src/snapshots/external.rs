//! External snapshots: overlays, which take the writes to a node from then on.

use std::sync::Arc;

use block::error::Error;
use block::image::permissions::AccessMode;
use block::nodes::{BorrowedNode, Graph, Node, Operation};
use block::options::BlockdevDetectZeroesOptions;
use qapi_core::Result;

use crate::jobs::prepare::{Change, PreparedAction, TransactionContext};
use crate::jobs::target::{DriveTarget, TargetBacking};
use crate::messages;
use crate::schema::mirror::NewImageMode;
use crate::schema::snapshot::{BlockdevSnapshot, BlockdevSnapshotSync};

/// An overlay that has been put on a node.
#[derive(Debug)]
struct AppendedOverlay {
    graph: Graph,
    below: Arc<Node>,
    overlay: Arc<Node>,
    /// An overlay that was opened for the snapshot. It is closed once nothing uses it.
    opened: Option<BorrowedNode>,
}

impl Change for AppendedOverlay {
    /// Makes the node below read-only, as far as its users allow that.
    fn commit(self: Box<Self>) {
        let changed = self.graph.set_access_mode(&self.below, AccessMode::ReadOnly);
        if let Err(error) = changed {
            tracing::debug!(node = %self.below.name(), %error, "a node stays writable");
        }
        drop(self.opened);
    }

    fn undo(self: Box<Self>, transaction: &mut TransactionContext) {
        let overlay = transaction.quiesce(&self.overlay);
        if let Err(error) = self.graph.remove_overlay(overlay, &self.below) {
            tracing::error!(node = %self.overlay.name(), %error, "an overlay stays");
        }
    }
}

/// Puts an existing node on another one. Blocks until that node has no writes in flight.
///
/// # Errors
/// The nodes do not exist; the overlay has a backing node or cannot have one; or other users do not
/// permit the change.
pub fn blockdev_snapshot(
    graph: &Graph,
    options: &BlockdevSnapshot,
    transaction: &mut TransactionContext,
) -> Result<PreparedAction> {
    let find = |name: &str| graph.get(name).ok_or_else(|| Error::no_device_or_node(name));
    let below = find(&options.node)?;
    check_below(graph, &below)?;
    let overlay = find(&options.overlay)?;
    append(graph, below, overlay, None, transaction)
}

/// Creates an overlay, or opens one that exists, and puts it on a node. Blocks until that node has
/// no writes in flight.
///
/// The image stays when the action is undone, as in QEMU.
///
/// # Errors
/// As for [`blockdev_snapshot`]; or the image cannot be created or opened.
pub fn blockdev_snapshot_sync(
    graph: &Graph,
    options: BlockdevSnapshotSync,
    transaction: &mut TransactionContext,
) -> Result<PreparedAction> {
    let named = options.node_name.as_deref();
    let below = named.and_then(|name| graph.get(name)).ok_or_else(|| Error::NodeUnknown {
        device: options.device.clone().unwrap_or_default(),
        node: options.node_name.clone().unwrap_or_default(),
    })?;
    check_below(graph, &below)?;
    let Some(name) = options.snapshot_node_name else {
        return Err(messages::overlay_name_missing());
    };
    if graph.get(&name).is_some() {
        return Err(messages::overlay_name_in_use());
    }
    let target = DriveTarget {
        filename: options.snapshot_file,
        format: Some(options.format.unwrap_or_else(|| "qcow2".to_owned())),
        node_name: Some(name),
        mode: options.mode.unwrap_or(NewImageMode::AbsolutePaths),
        source: &below,
        backing: Some(Arc::clone(&below)),
        opened_with: TargetBacking::None,
        discard: below.discard(),
        detect_zeroes: BlockdevDetectZeroesOptions::Off,
    };
    let target = target.open(graph)?;
    let overlay = Arc::clone(target.node());
    let (opened, created_file) = target.into_parts();
    if let Some(file) = created_file {
        file.persist();
    }
    append(graph, below, overlay, opened, transaction)
}

/// Refuses a node that cannot get an overlay, and flushes it.
fn check_below(graph: &Graph, node: &Node) -> Result<()> {
    graph.check_free(node, Operation::ExternalSnapshot)?;
    if !node.is_read_only() && node.is_active() {
        node.flush()?;
    }
    Ok(())
}

fn append(
    graph: &Graph,
    below: Arc<Node>,
    overlay: Arc<Node>,
    opened: Option<BorrowedNode>,
    transaction: &mut TransactionContext,
) -> Result<PreparedAction> {
    // As in QEMU, an overlay of an inactive node becomes inactive, and stays so.
    if !below.is_active() && overlay.is_active() {
        graph.inactivate(&overlay)?;
    }
    // Until the end of the transaction, no write reaches the overlay, so that it can be removed.
    transaction.quiesce(&overlay);
    graph.append_overlay(transaction.quiesce(&below), &overlay)?;
    let graph = graph.clone();
    Ok(PreparedAction::Change(Box::new(AppendedOverlay { graph, below, overlay, opened })))
}
