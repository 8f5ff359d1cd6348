//! How users outside the graph hold nodes: reservations of jobs, and nodes opened for one user.

use super::entry::{Role, RootNode, Use, User};
use super::graph::{ClosingNodes, Graph};
use super::node::Node;
use super::usage::{BackingLink, NamedAs, NodeUse};
use crate::error::Result;
use crate::image::permissions::Access;
use std::sync::Arc;

/// How messages call users that have no name.
const UNNAMED: &str = "an unnamed block device";

/// Nodes that a job keeps; dropping it lets go of them.
#[derive(Debug)]
#[must_use = "the nodes are let go of when this is dropped"]
pub struct Reservation {
    graph: Graph,
    number: u64,
    /// Closed once nobody is known to use it.
    opened: Option<BorrowedNode>,
}

impl Reservation {
    /// Takes and forbids nothing any more of the nodes that were written, for others to write. They
    /// stay reserved.
    pub fn end_writing(&self) {
        self.graph.with_state(|state| state.end_access(self.number, true));
    }

    /// Takes and forbids nothing any more of any node. They stay reserved.
    pub fn end_access(&self) {
        self.graph.with_state(|state| state.end_access(self.number, false));
    }

    /// Closes a node as soon as the nodes are let go of.
    pub fn close_on_release(&mut self, opened: Option<BorrowedNode>) {
        self.opened = opened;
    }
}

impl Reservation {
    /// Lets go of the nodes without waiting for anything. Gives those that nobody needs any more.
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
    /// Gives nodes to a job: its permissions are taken, image locks included, and the nodes
    /// cannot be removed.
    ///
    /// # Errors
    /// [`Error::PermissionConflict`], [`Error::NodeReadOnly`], [`Error::ImageLocked`];
    /// [`Error::NodeNotFound`] if a node has been removed meanwhile. Nothing is taken then.
    pub fn reserve(
        &self,
        job_type: &str,
        job_id: &str,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        let description = format!("{job_type} job '{job_id}'");
        let reason = format!("block device is in use by block job: {job_type}");
        self.reserve_as(&description, &reason, uses)
    }

    /// As [`Graph::reserve`], for work that has no name.
    ///
    /// # Errors
    /// As for [`Graph::reserve`].
    pub fn reserve_unnamed(
        &self,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        self.reserve_as(UNNAMED, "block device is in use", uses)
    }

    fn reserve_as(
        &self,
        description: &str,
        reason: &str,
        uses: impl IntoIterator<Item = NodeUse>,
    ) -> Result<Reservation> {
        let mut state = self.lock_state();
        let number = state.new_reservation_number();
        for one in uses {
            let NodeUse { node, role, access, exclusive, attached, user, link } = one;
            let description = match user {
                NamedAs::Job => description.to_owned(),
                NamedAs::Unnamed => UNNAMED.to_owned(),
                NamedAs::Node(name) => format!("node '{name}'"),
            };
            let user = User::External {
                reservation: number,
                description,
                access,
                blocks: exclusive.then(|| reason.to_owned()),
                attached,
                link,
                root: None,
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

    /// Gives a node to a root.
    pub(super) fn reserve_root(
        &self,
        user: &str,
        node: Arc<Node>,
        access: Access,
        root: Arc<RootNode>,
    ) -> Result<Reservation> {
        let mut state = self.lock_state();
        let number = state.new_reservation_number();
        let user = User::External {
            reservation: number,
            description: user.to_owned(),
            access,
            blocks: None,
            attached: true,
            link: BackingLink::Free,
            root: Some(root),
        };
        state.attach(&node, Use { user, role: Role::External("root") })?;
        Ok(Reservation { graph: self.clone(), number, opened: None })
    }
}

/// A node that someone uses for a while; closed afterwards if it was opened only for that.
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
    /// Gives the node, to be closed, if nobody uses it any more.
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
