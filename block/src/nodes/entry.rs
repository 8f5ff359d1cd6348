//! A node in the graph: its stage, and its users.

use super::driver::Driver;
use super::node::Node;
use super::usage::{BackingLink, Operation};
use crate::error::{Error, Result};
use crate::image::permissions::Access;
use parking_lot::Mutex;
use std::sync::Arc;

/// The point of its life at which a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// What is to stand on it is still being opened: only the opener knows it.
    Opening,
    /// Everybody can find it.
    Open,
    /// It is being flushed: it keeps its name, its locks and the nodes below.
    Closing,
}

/// A node in the graph, with its users from the oldest to the newest.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) node: Arc<Node>,
    pub(super) uses: Vec<Use>,
    pub(super) stage: Stage,
    /// Listings show nodes by this number.
    pub(super) order: u64,
}

impl Entry {
    /// Whether the users of a node let an operation begin; the newest is asked first.
    pub(super) fn check_free(&self, operation: Operation) -> Result<()> {
        for used in self.uses.iter().rev() {
            let reason = match (&used.user, used.role) {
                (User::External { blocks: Some(reason), .. }, _any) => reason.clone(),
                (User::Node { name, .. }, Role::Backing) if !operation.allowed_on_backing() => {
                    format!("node is used as backing hd of '{name}'")
                }
                (User::External { .. } | User::Node { .. }, _any) => continue,
            };
            return Err(Error::NodeBusy { node: self.node.name().to_owned(), reason });
        }
        Ok(())
    }

    /// Whether someone from outside the graph is on the node itself.
    pub(super) fn is_attached(&self) -> bool {
        self.uses.iter().any(|used| matches!(used.user, User::External { attached: true, .. }))
    }

    /// Whether a job has the node keep its backing node.
    pub(super) fn is_frozen(&self) -> bool {
        self.uses.iter().any(|used| match used.user {
            User::External { link, .. } => link == BackingLink::Frozen,
            User::Node { .. } => false,
        })
    }

    /// Whether nothing keeps the node in the graph any more. Filters are taken out by their jobs.
    pub(super) fn is_unused(&self) -> bool {
        let node = &self.node;
        self.uses.is_empty() && !node.monitor_owned() && !node.driver().is_filter()
    }

    /// Whether other nodes stand on the node, or jobs work on it.
    pub(super) fn has_parents(&self) -> bool {
        self.uses.iter().any(|used| match used.user {
            User::Node { .. } | User::External { blocks: Some(_), .. } => true,
            User::External { blocks: None, .. } => false,
        })
    }
}

/// In which way a user uses a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A node stores its image in the used one.
    File,
    /// A node shows the used one unchanged, and takes and shares this besides what its users do.
    Image(Access),
    /// A node has its data in the used one, apart from its tables.
    DataFile,
    /// A node shows the used one where it has nothing of its own.
    Backing,
    /// A job or the like works on the used one, and calls it so.
    External(&'static str),
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::File => "file",
            Role::Image(_) => "image",
            Role::DataFile => "data-file",
            Role::Backing => "backing",
            Role::External(name) => name,
        }
    }
}

/// A user of a node.
#[derive(Clone, Debug)]
pub(super) enum User {
    /// Another node.
    Node {
        /// Its name.
        name: String,
        /// Its driver.
        driver: Driver,
        /// Whether it may write.
        writable: bool,
        /// Whether it minds nothing that others do.
        force_share: bool,
        /// Whether it is the filter of a job that merges the nodes below: until that is done, what
        /// they show is good for nothing.
        merges: bool,
    },
    /// A job or the like.
    External {
        /// The number of the reservation.
        reservation: u64,
        /// How messages call it.
        description: String,
        /// What it takes and shares.
        access: Access,
        /// If it keeps others from starting work on the node: how it says so.
        blocks: Option<String>,
        /// Whether it is on the node itself, rather than on a filter above.
        attached: bool,
        /// What it does to the node's place in a chain.
        link: BackingLink,
        /// The node that it knows, if it follows when the node is replaced.
        root: Option<Arc<RootNode>>,
    },
}

impl User {
    /// Whether it can live with the writes of another user, since it is told of each in time. Roots
    /// stand below the filters of backups only as far as permissions go.
    pub(super) fn sees_writes_of(&self, other: &User) -> bool {
        matches!(
            (self, other),
            (
                User::Node { driver: Driver::CopyBeforeWrite, .. },
                User::External { root: Some(_), .. }
            )
        )
    }

    /// How messages call the user.
    fn description(&self) -> String {
        match self {
            User::Node { name, .. } => format!("node '{name}'"),
            User::External { description, .. } => description.clone(),
        }
    }
}

/// One use of a node.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) user: User,
    pub(super) role: Role,
}

impl Use {
    /// How messages call the use.
    pub(super) fn description(&self, node: &str) -> String {
        let user = self.user.description();
        format!("{user} (uses node '{node}' as '{}' child)", self.role.name())
    }
}

/// The node that a root stands on at present.
#[derive(Debug)]
pub(super) struct RootNode(Mutex<Arc<Node>>);

impl RootNode {
    pub(super) fn new(node: Arc<Node>) -> Self {
        RootNode(Mutex::new(node))
    }

    pub(super) fn get(&self) -> Arc<Node> {
        Arc::clone(&self.0.lock())
    }

    pub(super) fn set(&self, node: Arc<Node>) {
        *self.0.lock() = node;
    }
}
