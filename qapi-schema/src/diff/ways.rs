//! The ways from commands and events to changes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::change::{self, Change, Way};
use super::graph::Node;
use crate::limits::{MAX_VISITS, MAX_WAY, MAX_WAYS};

/// The arguments or return value of a command, or the data of an event.
pub(super) struct Root<'i> {
    pub(super) call: &'i str,
    /// The first word of paths.
    pub(super) part: &'static str,
    pub(super) node: usize,
    pub(super) is_unstable: bool,
}

/// The ways to one node.
#[derive(Debug, Default, Clone)]
struct Found {
    ways: Vec<Way>,
    /// Whether one of the ways has no part that is unstable.
    is_stable: bool,
    /// Whether the limits cut off ways to it.
    has_more: bool,
}

/// The changes of all nodes, each with its ways.
pub(super) fn ways(nodes: Vec<Node>, roots: &[Root<'_>]) -> Vec<Change> {
    let mut walk = Walk {
        leads: leads(&nodes),
        nodes: &nodes,
        is_on_path: vec![false; nodes.len()],
        found: vec![Found::default(); nodes.len()],
        visits: 0,
        path: String::new(),
    };
    for root in roots {
        // What one root leaves is for those that follow.
        walk.visits += MAX_VISITS / roots.len();
        root.part.clone_into(&mut walk.path);
        walk.visit(root, root.node, root.is_unstable);
    }
    let mut found = walk.found;
    spread(&nodes, &mut found);
    shortest(&nodes, roots, &mut found);
    let mut changes = Vec::new();
    for (node, Found { ways, is_stable, has_more }) in nodes.into_iter().zip(found) {
        let ways: Arc<[Way]> = ways.into();
        // Ways that were cut off may be stable.
        let is_stable = is_stable || has_more;
        let change = |found: change::Found| found.with_ways(ways.clone(), has_more, is_stable);
        changes.extend(node.found.into_iter().map(change));
    }
    changes
}

/// Whether a node or one that it leads to has a change.
fn leads(nodes: &[Node]) -> Vec<bool> {
    let mut before = vec![Vec::new(); nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        node.edges.iter().for_each(|edge| before[edge.to].push(index));
    }
    let mut queue: Vec<usize> =
        (0..nodes.len()).filter(|index| !nodes[*index].found.is_empty()).collect();
    let mut leads = vec![false; nodes.len()];
    while let Some(index) = queue.pop() {
        if !std::mem::replace(&mut leads[index], true) {
            queue.extend(&before[index]);
        }
    }
    leads
}

struct Walk<'n> {
    nodes: &'n [Node],
    leads: Vec<bool>,
    is_on_path: Vec<bool>,
    found: Vec<Found>,
    /// The number of nodes that may still be visited.
    visits: usize,
    path: String,
}

impl Walk<'_> {
    /// Adds the ways through a node. The length of a way has a limit, which bounds the recursion.
    fn visit(&mut self, root: &Root<'_>, index: usize, is_unstable: bool) {
        if self.is_on_path[index] || !self.leads[index] {
            return;
        }
        let found = &mut self.found[index];
        if self.visits == 0 || self.path.len() > MAX_WAY {
            found.has_more = true;
            return;
        }
        self.visits -= 1;
        if !self.nodes[index].found.is_empty() {
            found.is_stable |= !is_unstable;
            if found.ways.len() < MAX_WAYS {
                found.ways.push(Way { call: root.call.to_owned(), path: self.path.clone() });
            } else {
                found.has_more = true;
            }
        }
        self.is_on_path[index] = true;
        for edge in &self.nodes[index].edges {
            let length = self.path.len();
            self.path.push_str(&edge.step);
            self.visit(root, edge.to, is_unstable || edge.is_unstable);
            self.path.truncate(length);
        }
        self.is_on_path[index] = false;
    }
}

/// Marks the nodes to which ways were cut off before they came there.
fn spread(nodes: &[Node], found: &mut [Found]) {
    let mut queue: Vec<usize> = (0..nodes.len()).filter(|index| found[*index].has_more).collect();
    while let Some(index) = queue.pop() {
        for edge in &nodes[index].edges {
            if !std::mem::replace(&mut found[edge.to].has_more, true) {
                queue.push(edge.to);
            }
        }
    }
}

/// How a node was reached first.
#[derive(Clone, Copy)]
struct Reached<'r> {
    root: &'r Root<'r>,
    /// The node before it, and the step from there.
    before: Option<(usize, &'r str)>,
}

/// Gives a way to each node with changes that has none because of the limits: the end of the
/// shortest one.
fn shortest(nodes: &[Node], roots: &[Root<'_>], found: &mut [Found]) {
    let lacks = |index: usize| !nodes[index].found.is_empty() && found[index].ways.is_empty();
    let lacking: Vec<usize> = (0..nodes.len()).filter(|index| lacks(*index)).collect();
    if lacking.is_empty() {
        return;
    }
    let mut reached: Vec<Option<Reached<'_>>> = vec![None; nodes.len()];
    let mut queue: VecDeque<_> = roots.iter().map(|root| (root.node, root, None)).collect();
    while let Some((index, root, before)) = queue.pop_front() {
        if reached[index].is_none() {
            reached[index] = Some(Reached { root, before });
            let next = nodes[index].edges.iter();
            queue.extend(next.map(|edge| (edge.to, root, Some((index, edge.step.as_str())))));
        }
    }
    for index in lacking {
        let (mut steps, mut length, mut at) = (Vec::new(), 0, index);
        let mut call = "";
        while let Some(Reached { root, before }) = reached[at] {
            let (step, next) = before.map_or((root.part, at), |(next, step)| (step, next));
            call = root.call;
            length += step.len();
            steps.push(if length > MAX_WAY { "…" } else { step });
            if before.is_none() || length > MAX_WAY {
                break;
            }
            at = next;
        }
        steps.reverse();
        found[index].ways.push(Way { call: call.to_owned(), path: steps.concat() });
    }
}
