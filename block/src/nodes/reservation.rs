//! Reservations of nodes by jobs and other users outside the graph, and nodes that are opened for
//! one user.

use std::sync::Arc;

use super::entry::{Origin, Role, RootNode, Use, User};
use super::graph::{ClosingNodes, Graph};
use super::node::Node;
use super::usage::{BackingLink, InactiveNode, NodeUse, UserName};
use crate::error::Result;
use crate::image::permissions::Access;

/// The description, in messages, of users without a name.
const UNNAMED: &str = "an unnamed block device";

/// The nodes of a job or another user. They are released when this is dropped.
#[derive(Debug)]
#[must_use = "the nodes are released when this is dropped"]
pub struct Reservation {
    graph: Graph,
    number: u64,
    /// A node that is closed after the release.
    opened: Option<BorrowedNode>,
}

impl Reservation {
    /// Drops the permissions on the nodes that were written, so that others can write to them. The
    /// nodes stay reserved.
    pub fn end_writing(&self) {
        self.graph.with_state(|state| state.end_access(self.number, true));
    }

    /// Drops the permissions on all nodes. The nodes stay reserved.
    pub fn end_access(&self) {
        self.graph.with_state(|state| state.end_access(self.number, false));
    }

    /// Sets a node that is closed as soon as the nodes are released.
    pub fn close_on_release(&mut self, opened: Option<BorrowedNode>) {
        self.opened = opened;
    }
}

impl Reservation {
    /// Releases the nodes without blocking. Returns those that have to be closed.
    pub fn release(mut self) -> ClosingNodes {
        self.take_nodes()
    }

    fn take_nodes(&mut self) -> ClosingNodes {
        let mut nodes = self.graph.with_state(|state| state.release(self.number));
        nodes.extend(self.opened.take().and_then(|mut opened| opened.release()));
        ClosingNodes::new(&self.graph, nodes)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        drop(self.take_nodes());
    }
}

impl Graph {
    /// Reserves nodes for a job: takes its permissions, with the image locks, and protects the
    /// nodes from removal.
    ///
    /// # Errors
    /// [`PermissionConflict`], [`NodeReadOnly`], [`ImageLocked`];
    /// [`NodeNotFound`] if a node has been removed. No node is reserved then.
    ///
    /// [`PermissionConflict`]: crate::error::Error::PermissionConflict
    /// [`NodeReadOnly`]: crate::error::Error::NodeReadOnly
    /// [`ImageLocked`]: crate::error::Error::ImageLocked
    /// [`NodeNotFound`]: crate::error::Error::NodeNotFound
    pub fn reserve(
        &self,
        job_type: &str,
        job_id: &str,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        let description = format!("{job_type} job '{job_id}'");
        let reason = format!("block device is in use by block job: {job_type}");
        self.reserve_as(job_id, &description, &reason, uses)
    }

    /// As [`Graph::reserve`], for a user without a name.
    ///
    /// # Errors
    /// As for [`Graph::reserve`].
    pub fn reserve_unnamed(
        &self,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        self.reserve_as("", UNNAMED, "block device is in use", uses)
    }

    fn reserve_as(
        &self,
        job_id: &str,
        description: &str,
        reason: &str,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        let mut state = self.lock_state();
        let number = state.new_reservation_number();
        for one in uses {
            let NodeUse { node, role, access, exclusive, attached, user, link } = one;
            let (description, origin) = match user {
                UserName::Job => (description.to_owned(), Origin::Job(job_id.to_owned())),
                UserName::Unnamed => (UNNAMED.to_owned(), Origin::Backend),
                UserName::Node(name) => (format!("node '{name}'"), Origin::Filter(name)),
            };
            let user = User::External {
                reservation: number,
                description,
                origin: Some(origin),
                access,
                blocks: exclusive.then(|| reason.to_owned()),
                attached,
                link,
                root: None,
                on_inactive: InactiveNode::Refused,
            };
            if let Err(error) = state.attach(&node, Use { user, role: Role::External(role) }) {
                let unused = state.release(number);
                drop(state);
                self.close_all(unused);
                return Err(error);
            }
        }
        Ok(Reservation { graph: self.clone(), number, opened: None })
    }

    /// Reserves the node of a root.
    pub(super) fn reserve_root(
        &self,
        user: &str,
        node: Arc<Node>,
        access: Access,
        root: Arc<RootNode>,
        on_inactive: InactiveNode,
    ) -> Result<Reservation> {
        let mut state = self.lock_state();
        let number = state.new_reservation_number();
        let user = User::External {
            reservation: number,
            description: if user.is_empty() { UNNAMED } else { user }.to_owned(),
            origin: Some(Origin::Backend),
            access,
            blocks: None,
            attached: true,
            link: BackingLink::Free,
            root: Some(root),
            on_inactive,
        };
        state.attach(&node, Use { user, role: Role::External("root") })?;
        Ok(Reservation { graph: self.clone(), number, opened: None })
    }
}

/// A node that is borrowed for one use. A node that was opened for this use is closed when the
/// result is dropped.
#[derive(Debug)]
pub struct BorrowedNode {
    graph: Graph,
    node: Arc<Node>,
    /// Whether the node was opened for this borrowing.
    temporary: bool,
}

impl BorrowedNode {
    pub(super) fn new(graph: &Graph, node: Arc<Node>, temporary: bool) -> Self {
        BorrowedNode { graph: graph.clone(), node, temporary }
    }

    /// The node.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

impl BorrowedNode {
    /// Returns the node if it has to be closed.
    fn release(&mut self) -> Option<Arc<Node>> {
        let is_temporary = std::mem::take(&mut self.temporary);
        is_temporary
            .then(|| self.graph.with_state(|state| state.begin_closing(&self.node)))
            .flatten()
    }
}

impl Drop for BorrowedNode {
    fn drop(&mut self) {
        let node = self.release();
        self.graph.close_all(node);
    }
}
