//! How jobs use nodes, and the permissions that each kind of use takes.

use std::sync::Arc;

use super::node::Node;
use crate::error::Result;
use crate::image::permissions::{Access, Permissions};

/// An operation that another user of a node may block: QEMU's `BLOCK_OP_TYPE_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// To remove the node.
    Delete,
    /// To copy from the node.
    BackupSource,
    /// To copy to the node.
    BackupTarget,
    /// To copy from the node and to follow the writes to it.
    MirrorSource,
    /// To copy to the node and to follow the writes to the source.
    MirrorTarget,
    /// To replace the node by another one.
    Replace,
    /// To copy the backing files of the node into it.
    Stream,
    /// To copy the node into one of its backing files.
    CommitSource,
    /// To be merged by a commit, to be its target, or to be the overlay of the merged nodes.
    CommitTarget,
    /// To change the size of the node.
    Resize,
    /// To put an overlay on the node.
    ExternalSnapshot,
}

impl Operation {
    /// Whether the operation is allowed on a node that is a backing file.
    pub(super) fn allowed_on_backing(self) -> bool {
        match self {
            Operation::Delete
            | Operation::MirrorSource
            | Operation::MirrorTarget
            | Operation::Replace
            | Operation::CommitSource
            | Operation::Resize
            | Operation::ExternalSnapshot => false,
            Operation::BackupSource
            | Operation::BackupTarget
            | Operation::Stream
            | Operation::CommitTarget => true,
        }
    }
}

/// Whether a job allows the backing link of a node to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackingLink {
    /// The link may change.
    Free,
    /// Only the job itself may change the link.
    Frozen,
}

/// Whether a user that writes to a node may stay attached to it while the node is inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InactiveNode {
    /// The node must be active.
    Refused,
    /// The permissions of the user rest while the node is inactive.
    Allowed,
}

/// How messages name a user of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserName {
    /// The type and the identifier of the job.
    Job,
    /// A block device without a name.
    Unnamed,
    /// The node of this name, which represents the job.
    Node(String),
}

/// How a job uses a node.
#[derive(Clone, Debug)]
pub struct NodeUse {
    /// The node.
    pub node: Arc<Node>,
    /// The role of the node in the job, as messages name it.
    pub role: &'static str,
    /// The permissions that the job takes and shares.
    pub access: Access,
    /// Whether the job blocks the operations of others.
    pub exclusive: bool,
    /// Whether the job uses the node itself, rather than a filter above the node. An
    /// attached node cannot be removed.
    pub attached: bool,
    /// The name of the job in messages.
    pub user: UserName,
    /// Whether other users than the job may change the backing link of the node.
    pub link: BackingLink,
}

impl NodeUse {
    /// A node on which the job blocks the operations of others.
    fn member(node: Arc<Node>, role: &'static str, access: Access) -> Self {
        NodeUse {
            node,
            role,
            access,
            exclusive: true,
            attached: false,
            user: UserName::Job,
            link: BackingLink::Free,
        }
    }

    /// A node on which the job does not block the operations of others.
    pub fn shared(node: Arc<Node>, role: &'static str, access: Access) -> Self {
        NodeUse { exclusive: false, ..NodeUse::member(node, role, access) }
    }

    /// The same use by a job that makes the node as large as `source`, if the node is smaller.
    ///
    /// # Errors
    /// [`Error::Io`](crate::error::Error::Io) if the storage cannot determine a size.
    pub fn growing_to(mut self, source: &Node) -> Result<Self> {
        let grows = self.node.size()? < source.size()?;
        self.access.takes.set(Permissions::RESIZE, grows);
        Ok(self)
    }

    /// The same use with another setting for the backing link.
    #[must_use]
    pub fn link(self, link: BackingLink) -> Self {
        NodeUse { link, ..self }
    }

    /// A node that is read and must not change.
    pub fn source(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::WRITE - Permissions::RESIZE;
        let access = Access { takes: Permissions::CONSISTENT_READ, shares };
        NodeUse::shared(node, "file", access)
    }

    /// A node that the job writes and that others must not resize. Readers may see partial
    /// contents.
    pub fn target(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        let access = Access { takes: Permissions::WRITE, shares };
        NodeUse { attached: true, ..NodeUse::member(node, "target", access) }
    }

    /// The target of a job that another user represents, which takes the permissions.
    pub fn job_target(node: Arc<Node>) -> Self {
        NodeUse::shared(node, "target", Access::NONE)
    }

    /// A node that is copied while others write to it.
    pub fn mirror_source(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        NodeUse::member(node, "source", Access { takes: Permissions::empty(), shares })
    }

    /// The filter above a node that is copied while others write to it.
    pub fn mirror_filter(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        let access = Access { takes: Permissions::CONSISTENT_READ, shares };
        NodeUse::member(node, "main node", access)
    }

    /// The target of a mirror. Its contents are inconsistent until the copy is complete.
    pub fn mirror_target(node: Arc<Node>) -> Self {
        let access = Access { takes: Permissions::WRITE, shares: Permissions::WRITE_UNCHANGED };
        NodeUse {
            user: UserName::Unnamed,
            attached: true,
            ..NodeUse::member(node, "root", access)
        }
    }

    /// The target of a mirror that is a backing node of the source, as in an active commit.
    /// The contents of the nodes above the target do not change.
    pub fn mirror_base(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        let access = Access { takes: Permissions::WRITE, shares };
        NodeUse { access, ..NodeUse::mirror_target(node) }
    }

    /// A node that stays open during a job, without permissions on it.
    pub fn stays_open(node: Arc<Node>) -> Self {
        NodeUse::shared(node, "source", Access::NONE)
    }

    /// The filter that represents a job.
    pub fn filter(node: Arc<Node>) -> Self {
        NodeUse::member(node, "main node", Access::NONE)
    }

    /// A node into which the data of its backing files are copied, while others write to it.
    pub fn stream_target(node: Arc<Node>) -> Self {
        let same = Permissions::CONSISTENT_READ | Permissions::WRITE_UNCHANGED;
        let access = Access { takes: same, shares: same | Permissions::WRITE };
        NodeUse::member(node, "active node", access)
    }

    /// The filter above the target of a stream, through which the target is read.
    pub fn stream_filter(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        let access = Access { takes: Permissions::CONSISTENT_READ, shares };
        NodeUse { access, ..NodeUse::read_through(node) }
    }

    /// A backing node whose data a stream copies. The node must not change.
    pub fn streamed(node: Arc<Node>) -> Self {
        let shares = Permissions::CONSISTENT_READ | Permissions::WRITE_UNCHANGED;
        let access = Access { takes: Permissions::empty(), shares };
        NodeUse::member(node, "intermediate node", access)
    }

    /// The topmost node of the backing chain on which a commit works.
    pub fn commit_device(node: Arc<Node>) -> Self {
        NodeUse::member(node, "main node", Access::NONE)
    }

    /// A node that is merged into a node below. Until the merge is done, only the nodes above show
    /// consistent contents.
    pub fn committed(node: Arc<Node>) -> Self {
        let shares = Permissions::WRITE_UNCHANGED | Permissions::WRITE;
        let access = Access { takes: Permissions::empty(), shares };
        NodeUse::member(node, "intermediate node", access).link(BackingLink::Frozen)
    }

    /// A node that a job reads without taking a permission. Others may take all permissions.
    pub fn read_through(node: Arc<Node>) -> Self {
        let read = NodeUse::shared(node, "root", Access::NONE);
        NodeUse { user: UserName::Unnamed, attached: true, ..read }
    }

    /// The node into which others are merged. This use does not take the permission to write to the
    /// node; [`NodeUse::written`] does.
    pub fn commit_base(node: Arc<Node>) -> Self {
        NodeUse::member(node, "base", Access::NONE)
    }

    /// A node to which a job writes.
    pub fn written(node: Arc<Node>) -> Self {
        let shares = Permissions::CONSISTENT_READ | Permissions::WRITE_UNCHANGED;
        let takes = Permissions::CONSISTENT_READ | Permissions::WRITE;
        let access = Access { takes, shares };
        let written = NodeUse::shared(node, "root", access);
        NodeUse { user: UserName::Unnamed, attached: true, ..written }
    }
}
