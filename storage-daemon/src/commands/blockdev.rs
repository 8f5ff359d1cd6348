//! `blockdev-add`, `blockdev-del`, `blockdev-reopen` and `change-backing-file`.

use block::nodes::Graph;
use block::options::BlockdevOptions;
use qapi_core::{Error, Result, qapi_command};

/// Opens a node, and the child nodes that its options describe.
///
/// # Errors
/// The options contradict each other or the existing nodes, or an image cannot be opened. After an
/// error, no node is added.
#[qapi_command(since = "2.9", boxed, allow_preconfig, blocking)]
pub fn blockdev_add(#[qapi(state)] graph: &Graph, options: BlockdevOptions) -> Result<()> {
    graph.add(&options)?;
    Ok(())
}

/// Closes a node that `blockdev-add` or the command line opened.
///
/// # Errors
/// There is no such node, or another node or a job uses it.
#[qapi_command(since = "2.9", client, allow_preconfig, blocking)]
pub fn blockdev_del(
    #[qapi(state)] graph: &Graph,
    /// The node's name.
    node_name: &str,
) -> Result<()> {
    Ok(graph.remove(node_name)?)
}

/// Changes the options of open nodes: of all these nodes, or of none.
///
/// The name and the driver of a node cannot be changed. Another node replaces the `file` child of a
/// node; data that were written before are flushed to the former child. A throttle node may move to
/// another group, and the sizes of a preallocate node may change. If a node has
/// a backing node, its options must contain `backing`: a different node replaces the backing node,
/// and `null` removes it. Other options that are absent are reset to their defaults.
///
/// # Errors
/// A node has no name or does not exist; an option cannot be changed; a job or another user of the
/// nodes does not allow the change.
#[qapi_command(since = "6.1", allow_preconfig, blocking)]
pub fn blockdev_reopen(
    #[qapi(state)] graph: &Graph,
    /// The options of each node.
    options: Vec<BlockdevOptions>,
) -> Result<()> {
    Ok(graph.reopen(&options)?)
}

/// Changes the name of the backing file in an image. The graph of open nodes does not change.
///
/// # Errors
/// The nodes do not exist or are not in one chain; `device` is not a root node; the image has no
/// backing file, or cannot be written.
#[qapi_command(since = "2.1", allow_preconfig, blocking)]
pub fn change_backing_file(
    #[qapi(state)] graph: &Graph,
    /// The node at the top of the chain.
    device: &str,
    /// The node with the image.
    image_node_name: &str,
    /// The new name of the backing file; an empty string for none.
    backing_file: &str,
) -> Result<()> {
    graph.rename_backing(device, image_node_name, backing_file).map_err(Error::from)
}
