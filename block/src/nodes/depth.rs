//! How high nodes stand on each other: every read goes down all the way, on the stack of a thread.

use super::graph::Graph;
use super::node::Node;
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// Nodes can stand on each other this high: far higher than is any use, and low enough for the
/// stack of a thread. A chain of images that comes back to itself ends here.
pub(super) const MAX_DEPTH: usize = 200;

/// Refuses to put a node, with all that it stands on, below so many others.
///
/// # Errors
/// [`Error::ChainTooDeep`].
pub(super) fn check_depth(above: usize, child: &Arc<Node>) -> Result<()> {
    let height = longest(child, &mut HashMap::new(), &|node| children(node));
    if above + height > MAX_DEPTH { Err(Error::ChainTooDeep(MAX_DEPTH)) } else { Ok(()) }
}

/// How many nodes there are in the longest way down that ends with a node.
pub(super) fn depth(graph: &Graph, node: &Arc<Node>) -> usize {
    let all = graph.nodes();
    let is_below = |below: &Arc<Node>, parent: &Arc<Node>| {
        children(parent).iter().any(|child| Arc::ptr_eq(child, below))
    };
    let parents =
        |node: &Arc<Node>| all.iter().filter(|parent| is_below(node, parent)).cloned().collect();
    longest(node, &mut HashMap::new(), &parents)
}

/// Whether a node is another one or stands on it.
pub(super) fn has_below(node: &Arc<Node>, other: &Node) -> bool {
    let mut seen: Vec<Arc<Node>> = vec![Arc::clone(node)];
    let mut next = 0;
    while let Some(node) = seen.get(next).cloned() {
        if std::ptr::eq(&*node, other) {
            return true;
        }
        for child in children(&node) {
            if !seen.iter().any(|known| Arc::ptr_eq(known, &child)) {
                seen.push(child);
            }
        }
        next += 1;
    }
    false
}

fn children(node: &Arc<Node>) -> Vec<Arc<Node>> {
    node.children().collect()
}

/// How many nodes there are on the longest way from a node on. Each is looked at once.
fn longest(
    node: &Arc<Node>,
    known: &mut HashMap<String, usize>,
    next: &dyn Fn(&Arc<Node>) -> Vec<Arc<Node>>,
) -> usize {
    if let Some(length) = known.get(node.name()) {
        return *length;
    }
    let further = next(node).iter().map(|one| longest(one, known, next)).max();
    let length = 1 + further.unwrap_or(0);
    known.insert(node.name().to_owned(), length);
    length
}
