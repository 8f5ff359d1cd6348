//! `x-blockdev-change`, `x-blockdev-set-iothread` and `x-debug-query-block-graph`.

use block::error::Error;
use block::image::permissions::Permissions;
use block::nodes::{DumpKind, Graph};
use block::options::blkdebug::BlockPermission;
use qapi_core::{Result, qapi_command};

use crate::messages;
use crate::objects::Objects;
use crate::schema::block_graph::{
    StrOrNull, XDbgBlockGraph, XDbgBlockGraphEdge, XDbgBlockGraphNode, XDbgBlockGraphNodeType,
};

/// Adds or removes a child of a node. No driver of this program can do so.
///
/// # Errors
/// There is no such node or child, the arguments contradict each other, or the driver of the parent
/// has a fixed number of children.
#[qapi_command(since = "2.7", allow_preconfig, features(unstable))]
pub fn x_blockdev_change(
    #[qapi(state)] graph: &Graph,
    /// The name of the parent.
    parent: &str,
    /// The role of the child to remove.
    child: Option<&str>,
    /// The name of the node to add.
    node: Option<&str>,
) -> Result<()> {
    let unknown = || Error::NodeUnknown { device: parent.to_owned(), node: parent.to_owned() };
    let found = graph.get(parent).ok_or_else(unknown)?;
    Err(match (child, node) {
        (Some(_), Some(_)) => messages::child_and_node(),
        (None, None) => messages::neither_child_nor_node(),
        (Some(child), None) if !graph.child_roles(&found).contains(&child) => {
            messages::no_child(parent, child)
        }
        (Some(_), None) => messages::children_fixed(parent, "removing"),
        (None, Some(node)) if graph.get(node).is_none() => messages::node_not_found(node),
        (None, Some(_)) => messages::children_fixed(parent, "adding"),
    })
}

/// Moves a node to a thread for requests. Without effect: all threads of this program carry out
/// requests to all nodes.
///
/// # Errors
/// There is no such node or thread, or an export or a job uses the node.
#[qapi_command(since = "2.12", allow_preconfig, features(unstable))]
pub fn x_blockdev_set_iothread(
    #[qapi(state)] graph: &Graph,
    #[qapi(state)] objects: &Objects,
    /// The name of the node.
    node_name: &str,
    /// The identifier of the object `iothread`; `null` for the main loop.
    iothread: StrOrNull,
    /// Whether to move a node that is in use; `false` by default.
    force: Option<bool>,
) -> Result<()> {
    let node = graph.get(node_name).ok_or_else(|| Error::NodeNotFound(node_name.to_owned()))?;
    if force != Some(true) && graph.has_backend(&node) {
        return Err(messages::node_has_backend(node_name));
    }
    match iothread {
        StrOrNull::S(id) if !objects.has_iothread(&id) => Err(messages::unknown_iothread(&id)),
        StrOrNull::S(_) | StrOrNull::N(_) => Ok(()),
    }
}

/// Returns the graph of nodes, with the users of the nodes.
#[qapi_command(since = "4.0", allow_preconfig, features(unstable), blocking)]
pub fn x_debug_query_block_graph(#[qapi(state)] graph: &Graph) -> XDbgBlockGraph {
    let dump = graph.dump();
    let nodes = dump.nodes.into_iter().map(|node| XDbgBlockGraphNode {
        id: node.id,
        r#type: match node.kind {
            DumpKind::BlockBackend => XDbgBlockGraphNodeType::BlockBackend,
            DumpKind::BlockJob => XDbgBlockGraphNodeType::BlockJob,
            DumpKind::BlockDriver => XDbgBlockGraphNodeType::BlockDriver,
        },
        name: node.name,
    });
    let edges = dump.edges.into_iter().map(|edge| XDbgBlockGraphEdge {
        parent: edge.parent,
        child: edge.child,
        name: edge.name.to_owned(),
        perm: permissions(edge.access.takes),
        shared_perm: permissions(edge.access.shares),
    });
    XDbgBlockGraph { nodes: nodes.collect(), edges: edges.collect() }
}

/// The permissions in QEMU's order: from the last flag to the first.
fn permissions(set: Permissions) -> Vec<BlockPermission> {
    let all = [
        (Permissions::RESIZE, BlockPermission::Resize),
        (Permissions::WRITE_UNCHANGED, BlockPermission::WriteUnchanged),
        (Permissions::WRITE, BlockPermission::Write),
        (Permissions::CONSISTENT_READ, BlockPermission::ConsistentRead),
    ];
    all.into_iter().filter(|(flag, _)| set.contains(*flag)).map(|(_, name)| name).collect()
}
