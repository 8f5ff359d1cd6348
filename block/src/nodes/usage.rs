//! What jobs do with nodes, and what they take of them for that.

use super::node::Node;
use crate::image::permissions::{Access, Permissions};
use std::sync::Arc;

/// Work that another user of a node may forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Removing the node.
    Delete,
    /// Copying from the node.
    BackupSource,
    /// Copying onto the node.
    BackupTarget,
    /// Copying from the node and following what is written to it.
    MirrorSource,
    /// Copying onto the node and following what is written to another.
    MirrorTarget,
    /// Having the users of the node use another one.
    Replace,
    /// Copying what is below the node into it.
    Stream,
    /// Copying the node into one below it.
    CommitSource,
    /// Being one of the nodes that a commit makes superfluous, or that it copies to.
    CommitTarget,
}

impl Operation {
    /// Whether it can go on under a node that has this one as its backing file.
    pub(super) fn allowed_on_backing(self) -> bool {
        match self {
            Operation::Delete
            | Operation::MirrorSource
            | Operation::MirrorTarget
            | Operation::Replace
            | Operation::CommitSource => false,
            Operation::BackupSource
            | Operation::BackupTarget
            | Operation::Stream
            | Operation::CommitTarget => true,
        }
    }
}

/// What a job does to the link from a node to its backing node, or from others to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackingLink {
    /// Nothing.
    Free,
    /// The node keeps its backing node, unless the job itself gives it another one.
    Frozen,
}

/// How messages call the user of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedAs {
    /// As the job that it is.
    Job,
    /// As a block device without a name.
    Unnamed,
    /// As the node of that name, which stands for the job.
    Node(String),
}

/// How a job uses a node.
#[derive(Clone, Debug)]
pub struct NodeUse {
    /// The node.
    pub node: Arc<Node>,
    /// What the node is to the job, in messages.
    pub role: &'static str,
    /// What the job takes of it and leaves to others.
    pub access: Access,
    /// Whether nobody else may start work on it.
    pub exclusive: bool,
    /// Whether messages say that the node itself is in use, rather than for what.
    pub attached: bool,
    /// How messages call the job.
    pub user: NamedAs,
    /// What becomes of the node's place in a chain.
    pub link: BackingLink,
}

impl NodeUse {
    /// A node that takes part in a job: nobody else may start work on it.
    fn member(node: Arc<Node>, role: &'static str, access: Access) -> Self {
        NodeUse {
            node,
            role,
            access,
            exclusive: true,
            attached: false,
            user: NamedAs::Job,
            link: BackingLink::Free,
        }
    }

    /// A node that is used and does not keep others from working on it.
    pub fn shared(node: Arc<Node>, role: &'static str, access: Access) -> Self {
        NodeUse { exclusive: false, ..NodeUse::member(node, role, access) }
    }

    /// The same with another effect on the node's place in a chain.
    #[must_use]
    pub fn link(self, link: BackingLink) -> Self {
        NodeUse { link, ..self }
    }

    /// A node that is read while it must not change.
    pub fn source(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::WRITE - Permissions::RESIZE;
        let access = Access { takes: Permissions::CONSISTENT_READ, shares };
        NodeUse::shared(node, "file", access)
    }

    /// A node that is written and keeps its size. Readers are welcome at their own risk.
    pub fn target(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        let access = Access { takes: Permissions::WRITE, shares };
        NodeUse { attached: true, ..NodeUse::member(node, "target", access) }
    }

    /// A node that is copied while others go on writing it.
    pub fn mirror_source(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        NodeUse::member(node, "source", Access { takes: Permissions::empty(), shares })
    }

    /// The filter above a node that is copied while others go on writing it.
    pub fn mirror_filter(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        let access = Access { takes: Permissions::CONSISTENT_READ, shares };
        NodeUse::member(node, "main node", access)
    }

    /// A node that is made the same as another. What it shows is good for nothing until it is.
    pub fn mirror_target(node: Arc<Node>) -> Self {
        let access = Access { takes: Permissions::WRITE, shares: Permissions::WRITE_UNCHANGED };
        NodeUse {
            user: NamedAs::Unnamed,
            attached: true,
            ..NodeUse::member(node, "root", access)
        }
    }

    /// A node onto which one above is mirrored, and whether it is to become larger. What those
    /// above show does not change by that.
    pub fn mirror_base(node: Arc<Node>, grows: bool) -> Self {
        let mut takes = Permissions::WRITE;
        takes.set(Permissions::RESIZE, grows);
        let access = Access { takes, shares: Permissions::all() - Permissions::RESIZE };
        NodeUse { access, ..NodeUse::mirror_target(node) }
    }

    /// The filter that stands for a job.
    pub fn filter(node: Arc<Node>) -> Self {
        NodeUse::member(node, "main node", Access::NONE)
    }

    /// A node into which is copied what it shows anyway. Others may go on writing it.
    pub fn stream_target(node: Arc<Node>) -> Self {
        let same = Permissions::CONSISTENT_READ | Permissions::WRITE_UNCHANGED;
        let access = Access { takes: same, shares: same | Permissions::WRITE };
        NodeUse::member(node, "active node", access)
    }

    /// The filter above a node into which is copied, as it is read.
    pub fn stream_filter(node: Arc<Node>) -> Self {
        let shares = Permissions::all() - Permissions::RESIZE;
        let access = Access { takes: Permissions::CONSISTENT_READ, shares };
        NodeUse { access, ..NodeUse::read_through(node) }
    }

    /// A node below another one that is to become superfluous. It must not change.
    pub fn streamed(node: Arc<Node>) -> Self {
        let shares = Permissions::CONSISTENT_READ | Permissions::WRITE_UNCHANGED;
        let access = Access { takes: Permissions::empty(), shares };
        NodeUse::member(node, "intermediate node", access)
    }

    /// The node at the top of a chain of which a part is merged.
    pub fn commit_device(node: Arc<Node>) -> Self {
        NodeUse::member(node, "main node", Access::NONE)
    }

    /// A node that is merged into one below it. Until that is done, what it shows is good only for
    /// the nodes above.
    pub fn committed(node: Arc<Node>) -> Self {
        let shares = Permissions::WRITE_UNCHANGED | Permissions::WRITE;
        let access = Access { takes: Permissions::empty(), shares };
        NodeUse::member(node, "intermediate node", access).link(BackingLink::Frozen)
    }

    /// A node that a job reads, whatever others do to it.
    pub fn read_through(node: Arc<Node>) -> Self {
        let read = NodeUse::shared(node, "root", Access::NONE);
        NodeUse { user: NamedAs::Unnamed, attached: true, ..read }
    }

    /// The node into which others are merged, apart from writing it.
    pub fn commit_base(node: Arc<Node>) -> Self {
        NodeUse::member(node, "base", Access::NONE)
    }

    /// The right to write to a node, and to make it larger or not.
    pub fn written(node: Arc<Node>, grows: bool) -> Self {
        let shares = Permissions::CONSISTENT_READ | Permissions::WRITE_UNCHANGED;
        let mut takes = Permissions::CONSISTENT_READ | Permissions::WRITE;
        takes.set(Permissions::RESIZE, grows);
        let access = Access { takes, shares };
        let written = NodeUse::shared(node, "root", access);
        NodeUse { user: NamedAs::Unnamed, attached: true, ..written }
    }
}
