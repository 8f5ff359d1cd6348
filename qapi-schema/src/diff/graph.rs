//! The pairs of types that clients meet, and what differs between the two of each pair.

use std::collections::{HashMap, VecDeque};

use super::change::Found;
use super::interface::{Interface, TypeKind};
use super::objects;
use super::pair::{Compared, Direction, Pair, Side};
use super::parts::Changes;
use super::types;

/// A pair of types and what differs between them.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) found: Vec<Found>,
    pub(super) edges: Vec<Edge>,
}

/// A part of the types of a node.
#[derive(Debug)]
pub(super) struct Edge {
    /// The step of ways.
    pub(super) step: String,
    /// The index of the node of the part's types.
    pub(super) to: usize,
    /// Whether the part was unstable.
    pub(super) is_unstable: bool,
}

/// The pairs that were met so far.
pub(super) struct Graph<'i> {
    old: Side<'i>,
    new: Side<'i>,
    /// Whether both schemas tell conditions and the ranges of integers.
    pub(super) is_from_files: bool,
    indexes: HashMap<(Pair, Direction), usize>,
    queue: VecDeque<(usize, Pair, Direction)>,
    pub(super) nodes: Vec<Node>,
}

impl<'i> Graph<'i> {
    pub(super) fn new(old: &'i Interface, new: &'i Interface) -> Self {
        Self {
            old: Side::new(old),
            new: Side::new(new),
            is_from_files: old.is_from_files && new.is_from_files,
            indexes: HashMap::new(),
            queue: VecDeque::new(),
            nodes: Vec::new(),
        }
    }

    /// The node of a pair.
    pub(super) fn node(&mut self, pair: Pair, direction: Direction) -> usize {
        let next = self.nodes.len();
        let index = *self.indexes.entry((pair, direction)).or_insert(next);
        if index == next {
            self.nodes.push(Node::default());
            self.queue.push_back((index, pair, direction));
        }
        index
    }

    /// Compares every pair that was met, and those that they lead to.
    pub(super) fn compare(&mut self) {
        while let Some((index, pair, direction)) = self.queue.pop_front() {
            let (old, new) = (self.old.get(pair.0).clone(), self.new.get(pair.1).clone());
            let type_name = new.name.clone().or_else(|| old.name.clone());
            let mut changes = Changes::new(self.is_from_files, type_name);
            changes.compare("", "the type", &old.part, &new.part);
            let (old, new) = (&*old, &*new);
            let mut compared = Compared { pair, old, new, direction, changes, edges: Vec::new() };
            if let (TypeKind::Object(one), TypeKind::Object(two)) = (&old.kind, &new.kind) {
                objects::compare(&mut compared, one, two, (&mut self.old, &mut self.new));
            } else {
                types::compare(&mut compared, self.is_from_files, &self.old, &self.new);
            }
            let Compared { changes, edges, .. } = compared;
            let is_unstable_type = old.part.has_feature("unstable");
            let edge = |(step, pair, is_unstable)| Edge {
                step,
                to: self.node(pair, direction),
                is_unstable: is_unstable || is_unstable_type,
            };
            let edges = edges.into_iter().map(edge).collect();
            self.nodes[index] = Node { found: changes.found, edges };
        }
    }
}
