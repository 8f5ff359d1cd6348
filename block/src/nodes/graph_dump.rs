//! The graph as a whole, for `x-debug-query-block-graph`.

use std::collections::{BTreeMap, HashMap};

use super::entry::{Entry, Origin, Stage, Use, User};
use super::graph::Graph;
use super::node::Node;
use super::permissions::access_of_use;
use super::state::State;
use crate::image::permissions::Access;

/// All nodes and their users, in QEMU's order.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct GraphDump {
    /// The nodes, and the users outside the graph.
    pub nodes: Vec<DumpNode>,
    /// Which of them use which.
    pub edges: Vec<DumpEdge>,
}

/// A node or a user from outside the graph.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DumpNode {
    /// A number within the dump, from 1.
    pub id: u64,
    /// What it is.
    pub kind: DumpKind,
    /// The name of a node, the identifier of a job, or nothing.
    pub name: String,
}

/// What uses a node, or is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DumpKind {
    /// A block device, such as that of an export.
    BlockBackend,
    /// A job.
    BlockJob,
    /// A node.
    BlockDriver,
}

/// One use of a node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DumpEdge {
    /// The user.
    pub parent: u64,
    /// The node.
    pub child: u64,
    /// The role of the node for the user.
    pub name: &'static str,
    /// The permissions that the user takes and shares.
    pub access: Access,
}

impl Graph {
    /// All nodes and their users.
    pub fn dump(&self) -> GraphDump {
        self.with_state(|state| Dumper::default().dump(state))
    }

    /// Whether a block device without a name, such as that of an export, uses a node itself.
    pub fn has_backend(&self, node: &Node) -> bool {
        let is_backend = |used: &Use| match &used.user {
            User::External { origin, .. } => matches!(origin, Some(Origin::Backend)),
            User::Node { .. } => false,
        };
        self.with_state(|state| {
            state.entry_of(node).is_some_and(|entry| entry.uses.iter().any(is_backend))
        })
    }

    /// The roles of the children of a node, such as `file`.
    pub fn child_roles(&self, node: &Node) -> Vec<&'static str> {
        self.with_state(|state| {
            let children = state.entries.children(node.name());
            let children = children.iter().filter_map(|order| state.entries.at(*order));
            let uses = children.flat_map(|entry| &entry.uses);
            let is_own = |used: &&Use| match &used.user {
                User::Node { name, .. } => name == node.name(),
                User::External { .. } => false,
            };
            uses.filter(is_own).map(|used| used.role.name()).collect()
        })
    }
}

/// Numbers nodes in the order in which they are mentioned.
#[derive(Debug, Default)]
struct Dumper {
    dump: GraphDump,
    ids: HashMap<String, u64>,
    last_id: u64,
}

/// Uses, each with the node that is used.
type Uses<'a> = Vec<(&'a Entry, &'a Use)>;

/// The users of all nodes.
#[derive(Debug, Default)]
struct Users<'a> {
    /// By the number of the reservation, which grows with time.
    backends: BTreeMap<u64, Uses<'a>>,
    /// By the number of the reservation and the identifier of the job.
    jobs: BTreeMap<(u64, &'a str), Uses<'a>>,
    /// By the name of the filter that represents the job.
    filters: HashMap<&'a str, Uses<'a>>,
    /// By the name of the parent and the position of the child.
    parents: HashMap<(&'a str, u64), Uses<'a>>,
}

impl<'a> Users<'a> {
    fn of(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut users = Users::default();
        for (entry, used) in
            entries.flat_map(|entry| entry.uses.iter().map(move |used| (entry, used)))
        {
            let uses = match &used.user {
                User::Node { name, .. } => users.parents.entry((name, entry.order)).or_default(),
                User::External { origin: Some(origin), reservation, .. } => match origin {
                    Origin::Backend => users.backends.entry(*reservation).or_default(),
                    Origin::Job(id) => users.jobs.entry((*reservation, id)).or_default(),
                    Origin::Filter(name) => users.filters.entry(name).or_default(),
                },
                User::External { origin: None, .. } => continue,
            };
            uses.push((entry, used));
        }
        users
    }

    /// The children of a node, from the newest use to the oldest. Removes them, as no other node
    /// has the same uses.
    fn children(&mut self, state: &State, parent: &'a str) -> Uses<'a> {
        let mut children = Vec::new();
        for order in state.entries.children(parent).iter().rev() {
            let uses = self.parents.remove(&(parent, *order));
            children.extend(uses.into_iter().flatten().rev());
        }
        children
    }
}

impl Dumper {
    fn dump(mut self, state: &State) -> GraphDump {
        let open = || state.entries.iter().filter(|entry| entry.stage == Stage::Open);
        let mut users = Users::of(open());
        for (entry, used) in std::mem::take(&mut users.backends).into_values().flatten() {
            let id = self.next_id();
            self.node(id, DumpKind::BlockBackend, "");
            self.edge(id, entry, used, state);
        }
        for ((_, job), uses) in std::mem::take(&mut users.jobs).into_iter().rev() {
            let id = self.next_id();
            self.node(id, DumpKind::BlockJob, job);
            for (entry, used) in uses.into_iter().rev() {
                self.edge(id, entry, used, state);
            }
        }
        for entry in open() {
            let name = entry.node.name();
            let id = self.id(name);
            self.node(id, DumpKind::BlockDriver, name);
            let of_job = users.filters.remove(name).unwrap_or_default();
            for (child, used) in of_job.into_iter().chain(users.children(state, name)) {
                self.edge(id, child, used, state);
            }
        }
        self.dump.nodes.reverse();
        self.dump.edges.reverse();
        self.dump
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The number of a node.
    fn id(&mut self, name: &str) -> u64 {
        if let Some(known) = self.ids.get(name) {
            return *known;
        }
        let id = self.next_id();
        self.ids.insert(name.to_owned(), id);
        id
    }

    fn node(&mut self, id: u64, kind: DumpKind, name: &str) {
        self.dump.nodes.push(DumpNode { id, kind, name: name.to_owned() });
    }

    fn edge(&mut self, parent: u64, child: &Entry, used: &Use, state: &State) {
        let access = access_of_use(child, used, &state.entries, &HashMap::new());
        let child = self.id(child.node.name());
        self.dump.edges.push(DumpEdge { parent, child, name: used.role.name(), access });
    }
}
