//! Inactive nodes, whose images another program may write, for `blockdev-set-active`.
//!
//! An inactive node is read-only for its users, and takes only the image locks of a reader. Its
//! image is flushed when it becomes inactive, and read again when it becomes active.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rustix::io::Errno;

use super::depth::height;
use super::entry::{Entry, Role, Use, User};
use super::graph::Graph;
use super::node::Node;
use super::reopen::change_mode;
use super::state::State;
use super::usage::InactiveNode;
use crate::error::{Error, Result};
use crate::image::permissions::Permissions;

/// Refuses an inactive node as child of an active one.
///
/// # Errors
/// [`Error::InactiveChild`].
pub(super) fn check_active(
    child: &Node,
    role: Role,
    parent: &str,
    parent_is_active: bool,
) -> Result<()> {
    if child.is_active() || !parent_is_active {
        return Ok(());
    }
    let (child, parent) = (child.name().to_owned(), parent.to_owned());
    Err(Error::InactiveChild { child, role: role.name(), parent })
}

impl Use {
    /// Refuses a new user that writes to an inactive node.
    ///
    /// # Errors
    /// [`Error::InactivePermission`].
    pub(super) fn check_active(&self, node: &Node) -> Result<()> {
        let changes = Permissions::WRITE | Permissions::WRITE_UNCHANGED | Permissions::RESIZE;
        match &self.user {
            User::External { access, on_inactive: InactiveNode::Refused, .. }
                if access.takes.intersects(changes) && !node.is_active() =>
            {
                Err(Error::InactivePermission((access.takes & changes).names()))
            }
            User::External { .. } | User::Node { .. } => Ok(()),
        }
    }

    /// Whether the user keeps a node from becoming inactive.
    fn needs_active(&self) -> bool {
        let writes = Permissions::WRITE | Permissions::WRITE_UNCHANGED;
        match &self.user {
            User::External { access, on_inactive: InactiveNode::Refused, .. } => {
                access.takes.intersects(writes)
            }
            User::External { .. } | User::Node { .. } => false,
        }
    }
}

impl Graph {
    /// Makes a node active, with all nodes below it, so that it can be written.
    ///
    /// Blocks while images are read.
    ///
    /// # Errors
    /// [`Error::PermissionConflict`] and [`Error::ImageLocked`] if other users of a node or its
    /// image do not allow it; those of the image.
    pub fn activate(&self, node: &Arc<Node>) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        for node in children_first(node) {
            if node.is_active() {
                continue;
            }
            node.set_active(true);
            let taken = self.with_state(|state| state.refresh_nodes([&node]));
            let done = taken.and_then(|()| node.reopen_in_present_mode());
            if let Err(error) = done {
                node.set_active(false);
                self.with_state(|state| state.refresh_restored([&node]));
                return Err(error);
            }
        }
        Ok(())
    }

    /// As [`Graph::activate`], for all nodes that are not part of others.
    ///
    /// # Errors
    /// As for [`Graph::activate`]. Some nodes may be active then.
    pub fn activate_all(&self) -> Result<()> {
        self.owned_nodes().iter().try_for_each(|node| self.activate(node))
    }

    /// Makes a node inactive, with the nodes below that no other active node uses.
    ///
    /// Blocks while images are flushed.
    ///
    /// # Errors
    /// [`Error::ActiveParent`]; [`Error::While`] if users of the nodes write to them, or if an
    /// image cannot be flushed. The nodes above may be inactive then.
    pub fn inactivate(&self, node: &Arc<Node>) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        if self.with_state(|state| state.has_active_parent(node)) {
            return Err(Error::ActiveParent);
        }
        self.inactivate_below(node).map_err(|error| error.during("Failed to inactivate node"))
    }

    /// As [`Graph::inactivate`], for all nodes without parents, the oldest first. As in QEMU, nodes
    /// below the filter of a job stay active.
    ///
    /// # Errors
    /// As for [`Graph::inactivate`]. Some nodes may be inactive then.
    pub fn inactivate_all(&self) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        self.owned_nodes()
            .iter()
            .filter(|node| self.with_state(|state| state.parents_and_filters(node).is_empty()))
            .try_for_each(|node| self.inactivate_below(node))
            .map_err(|error| error.during("Failed to inactivate all nodes"))
    }

    /// The nodes that a client owns, the oldest first.
    fn owned_nodes(&self) -> Vec<Arc<Node>> {
        let mut nodes = self.nodes();
        nodes.retain(|node| node.monitor_owned());
        nodes.reverse();
        nodes
    }

    /// Makes a node inactive unless it has active parents, and then the nodes below.
    fn inactivate_below(&self, node: &Arc<Node>) -> Result<()> {
        let mut next = vec![Arc::clone(node)];
        while let Some(node) = next.pop() {
            let begins = self.with_state(|state| {
                if !node.is_active() || state.has_active_parent(&node) {
                    return Ok(false);
                }
                state.check_inactivation(&node)?;
                // From now on, no user can take a permission to write.
                node.set_active(false);
                Ok::<_, Error>(true)
            })?;
            if !begins {
                continue;
            }
            if let Err(error) = node.flush_image().and_then(|()| node.reopen_in_present_mode()) {
                node.set_active(true);
                return Err(error);
            }
            node.free_preallocated();
            self.with_state(|state| state.refresh_restored([&node]));
            next.extend(node.children());
        }
        Ok(())
    }
}

impl State {
    fn has_active_parent(&self, node: &Node) -> bool {
        self.parents_and_filters(node).iter().any(|parent| parent.is_active())
    }

    /// The parents of a node, and the filters of the backups to the node. To QEMU, the target of a
    /// backup is a child of its filter.
    fn parents_and_filters(&self, node: &Node) -> Vec<Arc<Node>> {
        let mut found = self.parents(node);
        let is_target = |entry: &&Entry| {
            entry.node.target.as_ref().is_some_and(|target| std::ptr::eq(&**target, node))
        };
        if self.entry_of(node).is_some_and(Entry::has_job) {
            found.extend(self.entries.iter().filter(is_target).map(|entry| entry.node.clone()));
        }
        found
    }

    /// Refuses to make a node inactive that users write to.
    fn check_inactivation(&self, node: &Node) -> Result<()> {
        let is_written =
            self.entry_of(node).is_some_and(|entry| entry.uses.iter().any(Use::needs_active));
        if is_written { Err(std::io::Error::from(Errno::PERM).into()) } else { Ok(()) }
    }
}

impl Node {
    fn set_active(&self, active: bool) {
        self.settings.write().common.active = active;
    }

    /// Flushes the image, although the node does not accept writes any more.
    fn flush_image(&self) -> Result<()> {
        Ok(self.image.flush()?)
    }

    /// Opens the image in the mode of the present settings.
    fn reopen_in_present_mode(&self) -> Result<()> {
        let settings = *self.settings.read();
        change_mode(self, &settings)
    }
}

/// A node and all nodes below it, each after its children.
fn children_first(node: &Arc<Node>) -> Vec<Arc<Node>> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    let mut next = vec![Arc::clone(node)];
    while let Some(node) = next.pop() {
        if seen.insert(Arc::as_ptr(&node)) {
            next.extend(node.children());
            found.push(node);
        }
    }
    let mut heights = HashMap::new();
    found.sort_by_cached_key(|node| height(node, &mut heights));
    found
}
