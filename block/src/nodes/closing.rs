//! Nodes that are to be closed.

use super::graph::Graph;
use super::node::Node;
use std::sync::Arc;

/// Nodes that nobody needs any more and nobody finds. They are closed when this is dropped, which
/// blocks if there are any.
#[derive(Debug)]
#[must_use = "the nodes are closed when this is dropped"]
pub struct ClosingNodes {
    graph: Graph,
    nodes: Vec<Arc<Node>>,
}

impl ClosingNodes {
    pub(super) fn new(graph: &Graph, nodes: Vec<Arc<Node>>) -> Self {
        ClosingNodes { graph: graph.clone(), nodes }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl Drop for ClosingNodes {
    fn drop(&mut self) {
        self.graph.close_all(std::mem::take(&mut self.nodes));
    }
}
