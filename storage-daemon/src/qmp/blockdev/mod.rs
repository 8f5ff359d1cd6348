//! Nodes: described, added, listed, deleted.
//!
//! `options`, `drivers` and `blkdebug` are `BlockdevOptions`, `convert` hands it to the node layer;
//! `info` is what `query` tells of nodes.

pub mod blkdebug;
pub mod blkdebug_event;
mod convert;
pub mod drivers;
pub mod info;
pub mod options;
mod query;
mod reopen;

pub(in crate::qmp) use convert::child;
pub use convert::node_options;
pub use query::{query_block, query_named_block_nodes};
pub use reopen::{blockdev_reopen, change_backing_file};

use qapi_core::{Result, qapi_command};

use crate::nodes::Graph;
use options::BlockdevOptions;

/// Opens a node, with all that is described inside its description.
///
/// # Errors
/// The description contradicts itself or the nodes there are, or an image cannot be opened. No
/// node has been added then.
#[qapi_command(since = "2.9", boxed, allow_preconfig, blocking)]
pub fn blockdev_add(#[qapi(state)] graph: &Graph, options: BlockdevOptions) -> Result<()> {
    graph.add(node_options(options)?)?;
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
