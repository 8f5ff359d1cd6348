//! `blockdev-add`, `blockdev-del`, `blockdev-reopen` and `change-backing-file`.

use block::nodes::Graph;
use block::options::BlockdevOptions;
use qapi_core::{Error, Result, qapi_command};

/// Opens a node, with all that is described inside its description.
///
/// # Errors
/// The description contradicts itself or the nodes there are, or an image cannot be opened. No
/// node has been added then.
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

/// Has nodes go on as they are described anew, all of them or none.
///
/// A node keeps its name, its driver and where its data are. Where it has a backing node, that must
/// be described or named: another one, or `null`, takes its place. All other options are as they
/// would be for a node that is being opened.
///
/// # Errors
/// A node has no name or is not there; something would change that cannot; a job or another user of
/// the nodes does not allow it.
#[qapi_command(since = "6.1", allow_preconfig, blocking)]
pub fn blockdev_reopen(
    #[qapi(state)] graph: &Graph,
    /// The nodes, each with all of its options.
    options: Vec<BlockdevOptions>,
) -> Result<()> {
    Ok(graph.reopen(&options)?)
}

/// Has an image name another backing file. The nodes stay as they are, so that only whoever opens
/// the image later takes notice.
///
/// # Errors
/// The nodes do not exist or are not in one chain; the chain has users above; the image has no
/// backing file, or cannot be written.
#[qapi_command(since = "2.1", allow_preconfig, blocking)]
pub fn change_backing_file(
    #[qapi(state)] graph: &Graph,
    /// The node at the top of the chain.
    device: &str,
    /// The node with the image.
    image_node_name: &str,
    /// What the image is to name; nothing is empty.
    backing_file: &str,
) -> Result<()> {
    graph.rename_backing(device, image_node_name, backing_file).map_err(Error::from)
}
