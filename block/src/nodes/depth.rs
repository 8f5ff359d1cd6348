//! The depth of the graph. Every read recurses to the bottom, on the stack of a thread.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::graph::Graph;
use super::node::Node;
use super::state::State;
use crate::error::{Error, Result};
use crate::options::MAX_DEPTH;

/// The bytes of stack that a thread needs to use nodes: to open, read, write and close the deepest
/// chain that [`MAX_DEPTH`] allows, with the filters of jobs between its nodes.
///
/// This is twice what unoptimized code takes, and about 10 times what optimized code takes.
/// The memory is only reserved: the system provides pages as they are touched.
pub const STACK_SIZE: usize = 16 << 20;

/// The largest depth with the filters of jobs, which are not counted by [`MAX_DEPTH`]: enough for
/// 1,000 jobs on one node. A filter takes much less of the stack than an image.
pub(super) const MAX_DEPTH_WITH_FILTERS: usize = MAX_DEPTH + 1000;

/// Refuses a node as child below `above` other nodes, if the depth would exceed the limit.
///
/// # Errors
/// [`Error::ChainTooDeep`].
pub(super) fn check_depth(above: usize, child: &Arc<Node>) -> Result<()> {
    let height = longest(child, &mut HashMap::new(), &|node| children(node));
    if above + height > MAX_DEPTH { Err(Error::ChainTooDeep(MAX_DEPTH)) } else { Ok(()) }
}

/// Refuses another filter above a node, if the depth with filters would exceed the limit.
///
/// # Errors
/// [`Error::ChainTooDeep`].
pub(super) fn check_filter_depth(graph: &Graph, below: &Arc<Node>) -> Result<()> {
    let height = longest(below, &mut HashMap::new(), &|node| children(node));
    let is_too_deep = depth(graph, below) + height > MAX_DEPTH_WITH_FILTERS;
    if is_too_deep { Err(Error::ChainTooDeep(MAX_DEPTH_WITH_FILTERS)) } else { Ok(()) }
}

/// The number of nodes on the longest path from a node without parents down to this node.
pub(super) fn depth(graph: &Graph, node: &Arc<Node>) -> usize {
    graph.with_state(|state: &mut State| {
        let is_parent = |parent: &Arc<Node>, node: &Node| {
            parent.children().any(|child| std::ptr::eq(&*child, node))
        };
        longest(node, &mut HashMap::new(), &|node| {
            let mut parents = state.parents(node);
            parents.retain(|parent| is_parent(parent, node));
            parents
        })
    })
}

/// The number of nodes on the longest path below a node. `known` has the results for other nodes.
pub(super) fn height(node: &Arc<Node>, known: &mut HashMap<*const Node, usize>) -> usize {
    longest(node, known, &|node| children(node)) - 1
}

/// Whether `other` is the node itself or below it.
pub(super) fn has_below(node: &Arc<Node>, other: &Node) -> bool {
    with_all_below(node).contains(&std::ptr::from_ref(other))
}

/// The node and all nodes below it. Each node is visited once, as several paths may lead to it.
pub(super) fn with_all_below(node: &Arc<Node>) -> HashSet<*const Node> {
    let mut found = vec![Arc::clone(node)];
    let mut seen = HashSet::new();
    while let Some(node) = found.pop() {
        if seen.insert(Arc::as_ptr(&node)) {
            found.extend(node.children());
        }
    }
    seen
}

fn children(node: &Arc<Node>) -> Vec<Arc<Node>> {
    node.children().collect()
}

/// The number of nodes on the longest path from a node. Each node is visited once.
fn longest(
    node: &Arc<Node>,
    known: &mut HashMap<*const Node, usize>,
    next: &dyn Fn(&Arc<Node>) -> Vec<Arc<Node>>,
) -> usize {
    if let Some(length) = known.get(&Arc::as_ptr(node)) {
        return *length;
    }
    let further = next(node).iter().map(|one| longest(one, known, next)).max();
    let length = 1 + further.unwrap_or(0);
    known.insert(Arc::as_ptr(node), length);
    length
}
