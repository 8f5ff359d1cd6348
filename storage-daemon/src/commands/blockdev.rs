//! `blockdev-add`, `blockdev-del`, `blockdev-reopen` and `change-backing-file`.

use block::nodes::Graph;
use block::options::BlockdevOptions;
use qapi_core::{Error, Result, qapi_command};

/// Opens a node, and the child nodes that its options describe.
///
/// # Errors
/// The options contradict each other or the existing nodes; an image cannot be opened. No node is
/// added then.
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

/// Changes the options of open nodes, of all or none.
///
/// Name, driver and file of a node do not change. The backing node of a node that has one must be
/// given; another node, or `null`, replaces it. All other options get their defaults if they are
/// absent.
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

/// Changes the backing file that an image names. The open nodes do not change.
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
    /// The new name; empty for none.
    backing_file: &str,
) -> Result<()> {
    graph.rename_backing(device, image_node_name, backing_file).map_err(Error::from)
}
