//! The types of `x-debug-query-block-graph` and `x-blockdev-set-iothread`; [`StrOrNull`] is from
//! QEMU's `common.json`.

use block::options::blkdebug::BlockPermission;
use qapi_core::{Null, qapi_alternate, qapi_enum, qapi_struct};

/// What uses a node, or is used.
#[qapi_enum(name = "XDbgBlockGraphNodeType", since = "4.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XDbgBlockGraphNodeType {
    /// A block device, such as that of an export.
    BlockBackend,
    /// A job.
    BlockJob,
    /// A node.
    BlockDriver,
}

/// A node, or a user from outside the graph.
#[qapi_struct(name = "XDbgBlockGraphNode", since = "4.0")]
#[derive(Debug, Clone)]
pub struct XDbgBlockGraphNode {
    /// A number within the reply.
    pub id: u64,
    /// What it is.
    pub r#type: XDbgBlockGraphNodeType,
    /// The name of a node, the identifier of a job, or nothing.
    pub name: String,
}

/// One use of a node.
#[qapi_struct(name = "XDbgBlockGraphEdge", since = "4.0")]
#[derive(Debug, Clone)]
pub struct XDbgBlockGraphEdge {
    /// The user.
    pub parent: u64,
    /// The node.
    pub child: u64,
    /// The role of the node for the user.
    pub name: String,
    /// The permissions that the user takes.
    pub perm: Vec<BlockPermission>,
    /// The permissions that the user shares with others.
    pub shared_perm: Vec<BlockPermission>,
}

/// The graph of nodes.
#[qapi_struct(name = "XDbgBlockGraph", since = "4.0")]
#[derive(Debug, Clone)]
pub struct XDbgBlockGraph {
    /// The nodes, and the users outside the graph.
    pub nodes: Vec<XDbgBlockGraphNode>,
    /// Which of them use which.
    pub edges: Vec<XDbgBlockGraphEdge>,
}

/// A string or nothing.
#[qapi_alternate(since = "2.10")]
#[derive(Debug, Clone)]
pub enum StrOrNull {
    /// The string.
    S(String),
    /// Nothing.
    N(Null),
}
