//! `block_resize`, `block-set-write-threshold` and `blockdev-set-active`: changes of nodes.

use block::error::Error;
use block::nodes::Graph;
use qapi_core::{Result, qapi_command};

use crate::blocking::blocking;
use crate::messages;

/// Changes the size of a node while it is in use.
///
/// # Errors
/// There is no such node, the size is negative, the image cannot have the size, or other users of
/// the node do not permit the change.
#[qapi_command(name = "block_resize", name_exception, since = "0.14", allow_preconfig)]
pub async fn block_resize(
    #[qapi(state)] graph: &Graph,
    /// The name of a device. This program has no devices.
    device: Option<String>,
    /// The node's name.
    #[qapi(since = "2.0")]
    node_name: Option<String>,
    /// The new size in bytes.
    size: i64,
) -> Result<()> {
    let node = node_name.as_deref().and_then(|name| graph.get(name));
    let node = node.ok_or_else(|| Error::NodeUnknown {
        device: device.unwrap_or_default(),
        node: node_name.unwrap_or_default(),
    })?;
    let size = u64::try_from(size).map_err(|_| messages::size_negative())?;
    let graph = graph.clone();
    let quiesced = node.quiesce().await;
    blocking(move || graph.resize(&quiesced, size)).await
}

/// Sets the offset above which the next write to a node emits `BLOCK_WRITE_THRESHOLD`, once.
///
/// # Errors
/// There is no such node.
#[qapi_command(since = "2.3", allow_preconfig)]
pub fn block_set_write_threshold(
    #[qapi(state)] graph: &Graph,
    /// The node's name.
    node_name: &str,
    /// The offset in bytes; 0 for no event.
    write_threshold: u64,
) -> Result<()> {
    let node = graph.get(node_name).ok_or_else(|| messages::no_device_generic(node_name))?;
    graph.set_write_threshold(&node, write_threshold);
    Ok(())
}

/// Makes nodes active, so that this program can write to them, or inactive, so that another
/// program can.
///
/// The nodes below change too, unless another active node uses them.
///
/// # Errors
/// There is no such node; a node has an active parent or is written, so that it cannot become
/// inactive; or other users of an image do not permit the change.
#[qapi_command(since = "10.0", allow_preconfig, blocking)]
pub fn blockdev_set_active(
    #[qapi(state)] graph: &Graph,
    /// The node's name; all nodes by default.
    node_name: Option<&str>,
    /// Whether the nodes become active.
    active: bool,
) -> Result<()> {
    let changed = match node_name {
        None if active => graph.activate_all(),
        None => graph.inactivate_all(),
        Some(name) => {
            let node = graph.get(name).ok_or_else(|| Error::NodeNotFound(name.to_owned()))?;
            if active { graph.activate(&node) } else { graph.inactivate(&node) }
        }
    };
    Ok(changed?)
}
