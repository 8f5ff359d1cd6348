//! A node in the graph: its stage, and its users.

use std::sync::Arc;

use parking_lot::Mutex;

use super::driver::Driver;
use super::node::Node;
use super::usage::{BackingLink, InactiveNode, Operation};
use crate::error::{Error, Result};
use crate::image::permissions::Access;

/// The stage in the life of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// A node above is being opened. Only the opener finds the node.
    Opening,
    /// Every user finds the node.
    Open,
    /// The node is being flushed. Its name, its locks and its children remain.
    Closing,
}

/// The state of a node that determines the permissions of the node on its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cumulative {
    /// The permissions of all users of the node together.
    pub(super) access: Access,
    pub(super) has_users: bool,
    pub(super) active: bool,
    pub(super) writable: bool,
    pub(super) force_share: bool,
}

impl Cumulative {
    /// The state of a node with these users.
    pub(super) fn new(node: &Node, uses: &[Use], access: Access) -> Self {
        Cumulative {
            access,
            has_users: !uses.is_empty(),
            active: node.is_active(),
            writable: node.is_writable(),
            force_share: node.force_share(),
        }
    }
}

/// A node in the graph.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) node: Arc<Node>,
    /// The users, from the oldest to the newest.
    pub(super) uses: Vec<Use>,
    /// As of the last check of the permissions.
    pub(super) cumulative: Cumulative,
    pub(super) stage: Stage,
    /// The position in listings.
    pub(super) order: u64,
}

impl Entry {
    /// A node without users, that is being opened.
    pub(super) fn new(node: Arc<Node>, order: u64) -> Self {
        let cumulative = Cumulative::new(&node, &[], Access::NONE);
        Entry { node, uses: Vec::new(), cumulative, stage: Stage::Opening, order }
    }

    /// The names of the parents.
    pub(super) fn parents(&self) -> impl Iterator<Item = &str> {
        self.uses.iter().filter_map(|used| match &used.user {
            User::Node { name, .. } => Some(name.as_str()),
            User::External { .. } => None,
        })
    }

    /// Checks that no user of the node blocks an operation. The newest user is checked first.
    ///
    /// # Errors
    /// [`Error::NodeBusy`] with the reason of the user.
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

    /// Whether a user from outside the graph is attached to the node itself. A root moves to a
    /// filter that is inserted above the node.
    pub(super) fn is_attached(&self) -> bool {
        let filter = self.uses.iter().rposition(|used| used.user.is_filter());
        self.uses.iter().enumerate().any(|(position, used)| match used.user {
            User::External { attached: true, root: Some(_), .. } => Some(position) > filter,
            User::External { attached, .. } => attached,
            User::Node { .. } => false,
        })
    }

    /// Whether a job or a copy-on-read node freezes the link of the node to the next one of its
    /// chain.
    pub(super) fn is_frozen(&self) -> bool {
        self.node.is_frozen_by_node()
            || self.uses.iter().any(|used| match used.user {
                User::External { link, .. } => link == BackingLink::Frozen,
                User::Node { .. } => false,
            })
    }

    /// Whether the node is to be closed: it has no users, and no client owns it. The filter of a
    /// job is never unused, because its job removes it.
    pub(super) fn is_unused(&self) -> bool {
        let node = &self.node;
        self.uses.is_empty() && !node.monitor_owned() && !node.driver().is_job_filter()
    }

    /// Whether a user blocks the operations of others.
    pub(super) fn has_job(&self) -> bool {
        self.uses.iter().any(|used| matches!(used.user, User::External { blocks: Some(_), .. }))
    }

    /// Whether the node has parents, or has users that block the operations of others.
    pub(super) fn has_parents(&self) -> bool {
        self.uses.iter().any(|used| match used.user {
            User::Node { .. } | User::External { blocks: Some(_), .. } => true,
            User::External { blocks: None, .. } => false,
        })
    }
}

/// The role of a node for one of its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The parent stores its image in the node.
    File,
    /// As [`Role::File`], for a raw node that shows a part of the node. As in QEMU, a later change
    /// of its options does not change this.
    FilePart,
    /// The parent is a blkdebug node, which takes and shares these permissions besides those of its
    /// users.
    Image(Access),
    /// The node is the external data file of the parent.
    DataFile,
    /// The node is the backing file of the parent.
    Backing,
    /// The user is outside the graph. The role has this name in messages.
    External(&'static str),
}

impl Role {
    /// Whether the parent stores its data in the node.
    pub(super) fn is_storage(self) -> bool {
        match self {
            Role::File | Role::FilePart | Role::Image(_) | Role::DataFile => true,
            Role::Backing | Role::External(_) => false,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Role::File | Role::FilePart => "file",
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
        /// The name of the parent.
        name: String,
        /// The driver of the parent.
        driver: Driver,
        /// Whether the parent is active.
        active: bool,
        /// Whether the parent is writable.
        writable: bool,
        /// Whether the parent shares all permissions.
        force_share: bool,
        /// Whether the parent is the filter of a job that merges the nodes below. The contents of
        /// those nodes are inconsistent until the merge is done.
        merges: bool,
    },
    /// A user from outside the graph, such as a job.
    External {
        /// The number of the reservation.
        reservation: u64,
        /// The name of the user in messages.
        description: String,
        /// What the user is, for [`GraphDump`](super::GraphDump); `None` if it is not shown.
        origin: Option<Origin>,
        /// The permissions that the user takes and shares.
        access: Access,
        /// The reason in messages, if the user blocks the operations of others.
        blocks: Option<String>,
        /// Whether the user uses the node itself, rather than a filter above the node.
        attached: bool,
        /// Whether the backing link of the node may change.
        link: BackingLink,
        /// The current node, if the user is a root. It changes when the node is replaced.
        root: Option<Arc<RootNode>>,
        /// Whether the user may write to the node, and does without while the node is inactive.
        on_inactive: InactiveNode,
    },
}

/// What a user from outside the graph is.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// A job with this identifier.
    Job(String),
    /// A block device without a name.
    Backend,
    /// The filter of this name, which represents a job.
    Filter(String),
}

impl User {
    /// Whether the user is the filter of a job.
    fn is_filter(&self) -> bool {
        matches!(self, User::Node { driver, .. } if driver.is_job_filter())
    }

    /// Whether the user tolerates the writes of `other`, an older user. The filter of a backup
    /// intercepts the writes of roots. The check of permissions nevertheless treats the roots as
    /// users of the node below the filter.
    pub(super) fn sees_writes_of(&self, other: &User) -> bool {
        matches!(
            (self, other),
            (
                User::Node { driver: Driver::CopyBeforeWrite, .. },
                User::External { root: Some(_), .. }
            )
        )
    }

    /// The name of the user in messages.
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
    /// Whether this is the use of a backing node by `parent`.
    pub(super) fn is_backing_of(&self, parent: &Node) -> bool {
        let is_parent = matches!(&self.user, User::Node { name, .. } if name == parent.name());
        is_parent && self.role == Role::Backing
    }

    /// Whether this is the use of a `file` child by `parent`.
    pub(super) fn is_file_of(&self, parent: &Node) -> bool {
        let is_parent = matches!(&self.user, User::Node { name, .. } if name == parent.name());
        is_parent && matches!(self.role, Role::File | Role::FilePart)
    }

    /// The name of the use in messages.
    pub(super) fn description(&self, node: &str) -> String {
        let user = self.user.description();
        format!("{user} (uses node '{node}' as '{}' child)", self.role.name())
    }
}

/// The current node of a root.
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
