//! Users of a node from outside the graph, such as exports. They follow when the node is replaced
//! by another one with the same contents.

use std::sync::Arc;

use super::backing::BackingChange;
use super::depth::has_below;
use super::entry::RootNode;
use super::graph::Graph;
use super::node::Node;
use super::quiesce::Quiesced;
use super::reservation::Reservation;
use super::usage::InactiveNode;
use super::watch::WriteGuard;
use crate::error::Result;
use crate::image::permissions::Access;
use crate::image::storage::ZeroMode;

/// Reads and writes a node, or the node that has replaced it.
///
/// All methods that do input or output block: call them from worker threads.
#[derive(Debug)]
pub struct Root {
    node: Arc<RootNode>,
    _reservation: Reservation,
}

impl Graph {
    /// Attaches a user to a node. `user` is its name in messages; empty for a user without a name.
    ///
    /// # Errors
    /// As for [`Graph::reserve`].
    pub fn attach_root(&self, user: &str, node: Arc<Node>, access: Access) -> Result<Root> {
        self.attach_root_if(user, node, access, InactiveNode::Refused)
    }

    /// As [`Graph::attach_root`], for a user that may also stay on an inactive node, to which it
    /// does not write.
    ///
    /// # Errors
    /// As for [`Graph::reserve`].
    pub fn attach_root_if(
        &self,
        user: &str,
        node: Arc<Node>,
        access: Access,
        on_inactive: InactiveNode,
    ) -> Result<Root> {
        let root = Arc::new(RootNode::new(Arc::clone(&node)));
        let reservation =
            self.reserve_root(user, node, access, Arc::clone(&root), on_inactive)?;
        Ok(Root { node: root, _reservation: reservation })
    }

    /// Replaces a node by another one for all of its roots and parents, except filters and nodes
    /// below the new node. The roots, whose writes are blocked, write to the new node afterwards.
    ///
    /// Blocks while images are reopened.
    ///
    /// # Errors
    /// [`PermissionConflict`](crate::error::Error::PermissionConflict) if a parent of the node, of
    /// any kind, cannot use the new node; those of [`Graph::change_backing`]. No user is moved
    /// then.
    pub fn replace(&self, old: &Quiesced, new: &Arc<Node>) -> Result<()> {
        self.replace_with_filters(old, new, &[])
    }

    /// As [`Graph::replace`]. `filters`, which are all filters above the node or none of them, are
    /// above the new node afterwards, and keep their parents.
    pub(super) fn replace_with_filters(
        &self,
        old: &Quiesced,
        new: &Arc<Node>,
        filters: &[Arc<Node>],
    ) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        self.with_state(|state| state.check_replaceable(old.node(), new))?;
        let mut moved = Vec::new();
        let mut overlays = match filters {
            [] => self.overlays_through_filters(old.node()),
            _moved => self.overlays(old.node()),
        };
        overlays.retain(|overlay| !overlay.driver().is_filter());
        let moved_all = overlays
            .into_iter()
            .filter(|overlay| !has_below(new, overlay))
            .try_for_each(|overlay| {
                let change = BackingChange { node: Some(Arc::clone(new)), name: None };
                self.change_backing(&overlay, change)?;
                moved.push(overlay);
                Ok(())
            })
            .and_then(|()| self.with_state(|state| state.move_users(old.node(), new, filters)));
        if moved_all.is_err() {
            for overlay in moved.into_iter().rev() {
                let back = BackingChange { node: Some(Arc::clone(old.node())), name: None };
                if let Err(error) = self.change_backing(&overlay, back) {
                    tracing::error!(node = %overlay.name(), %error, "a backing node is lost");
                }
            }
        }
        moved_all
    }

    /// The images whose backing node is `node` or a filter above it.
    fn overlays_through_filters(&self, node: &Arc<Node>) -> Vec<Arc<Node>> {
        let (filters, mut images): (Vec<_>, Vec<_>) =
            self.overlays(node).into_iter().partition(|overlay| overlay.driver().is_filter());
        images.extend(filters.iter().flat_map(|filter| self.overlays_through_filters(filter)));
        images
    }
}

impl Root {
    /// The current node.
    pub fn node(&self) -> Arc<Node> {
        self.node.get()
    }

    /// As [`Node::read`].
    ///
    /// # Errors
    /// As [`Node::read`].
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.node().read(offset, buffer)
    }

    /// As [`Node::write`].
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn write(&self, offset: u64, buffer: &[u8]) -> Result<()> {
        self.with_write_guard(|node, guard| node.write_guarded(guard, offset, buffer))
    }

    /// Makes a range read as zeroes, as [`Node::write_zeroes`] does, and allocated or not.
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> Result<()> {
        self.with_write_guard(|node, guard| {
            node.write_zeroes_guarded(guard, offset, length, mode)
        })
    }

    /// As [`Node::discard_range`].
    ///
    /// # Errors
    /// As [`Node::discard_range`].
    pub fn discard_range(&self, offset: u64, length: u64) -> Result<()> {
        self.with_write_guard(|node, guard| node.discard_guarded(guard, offset, length))
    }

    /// As [`Node::flush`].
    ///
    /// # Errors
    /// As [`Node::flush`].
    pub fn flush(&self) -> Result<()> {
        self.node().flush()
    }

    /// Locks the writes of the current node, and runs `work` with it.
    fn with_write_guard<T>(&self, work: impl FnOnce(&Node, &WriteGuard<'_>) -> T) -> T {
        loop {
            let node = self.node();
            let guard = node.writes.begin_write();
            // A root moves only while writes are blocked, so this root cannot move while the
            // guard exists.
            if Arc::ptr_eq(&node, &self.node()) {
                return work(&node, &guard);
            }
        }
    }
}
