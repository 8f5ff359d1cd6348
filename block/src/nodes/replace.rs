//! Nodes that replace others for their users: filters of jobs, targets of mirrors, and new backing
//! nodes.

use std::sync::Arc;

use super::backing::chain_contains;
use super::depth::has_below;
use super::entry::{Entry, Role, Stage, Use, User};
use super::node::Node;
use super::permissions;
use super::state::State;
use super::usage::BackingLink;
use crate::error::{Error, Result};
use crate::image::permissions::Access;

/// The former backing node of a node. It stays open until this is passed to
/// [`State::release_former`].
#[derive(Debug)]
#[must_use = "the former backing node stays in use"]
pub(super) struct FormerBacking {
    node: Option<Arc<Node>>,
    reservation: u64,
}

impl FormerBacking {
    /// The node. It may have been removed since, if it is a filter.
    pub(super) fn node(&self) -> Option<Arc<Node>> {
        self.node.clone()
    }
}

impl State {
    /// Inserts a filter, whose name is reserved, between `below` and its parents.
    pub(super) fn insert_filter(
        &mut self,
        below: &Arc<Node>,
        filter: &Arc<Node>,
        used: Use,
    ) -> Result<()> {
        let missing = || Error::NodeNotFound(below.name().to_owned());
        self.entry(below.name())
            .filter(|entry| Arc::ptr_eq(&entry.node, below) && entry.stage != Stage::Closing)
            .ok_or_else(missing)?;
        let before = self.uses();
        self.insert(Arc::clone(filter));
        // Nodes below the filter cannot be its parents.
        let mut excluded = Vec::new();
        collect_names(filter.target.as_ref(), &mut excluded);
        let moved = self.move_parents(below, filter, &excluded);
        if let Some(entry) = self.entry_mut(below.name()) {
            entry.uses.push(used);
        }
        if let Err(error) = self.refresh() {
            self.entries.retain(|entry| !Arc::ptr_eq(&entry.node, filter));
            self.restore(before);
            return Err(error);
        }
        self.relink(&moved, filter);
        Ok(())
    }

    /// Attaches the parents of a filter to its child, and removes the filter. Returns the nodes
    /// that have to be closed.
    pub(super) fn remove_filter(&mut self, filter: &Arc<Node>) -> Vec<Arc<Node>> {
        if let Some(below) = filter.filtered()
            && self.entry(below.name()).is_some_and(|entry| Arc::ptr_eq(&entry.node, &below))
        {
            let moved = self.move_parents(filter, &below, &[]);
            self.relink(&moved, &below);
        }
        self.remove(filter.name())
    }

    /// Moves the uses of a node by its parents, except the parents in `excluded`, to another node.
    /// Returns the moved uses.
    fn move_parents(&mut self, old: &Node, new: &Node, excluded: &[String]) -> Vec<Use> {
        let names: Vec<String> = self.entries.iter().map(name_of).collect();
        // A parent that is being opened does not get another child.
        let is_parent = |used: &Use| match &used.user {
            User::Node { name, .. } => names.contains(name) && !excluded.contains(name),
            User::External { .. } => false,
        };
        let Some(entry) = self.entry_mut(old.name()) else { return Vec::new() };
        let moved: Vec<Use> = entry.uses.extract_if(.., |used| is_parent(used)).collect();
        if let Some(entry) = self.entry_mut(new.name()) {
            entry.uses.extend(moved.iter().cloned());
        }
        moved
    }

    /// Updates the child in the nodes whose uses were moved.
    fn relink(&self, moved: &[Use], child: &Arc<Node>) {
        for used in moved {
            if let User::Node { name, .. } = &used.user
                && let Some(parent) = self.entry(name)
            {
                parent.node.set_child(used.role, child);
            }
        }
    }

    /// Checks that all parents of a node could use another one instead, except filters and nodes
    /// below the new node.
    ///
    /// # Errors
    /// [`Error::PermissionConflict`] and [`Error::NodeReadOnly`].
    pub(super) fn check_replaceable(&mut self, old: &Node, new: &Arc<Node>) -> Result<()> {
        let is_excluded =
            |entry: &&Entry| entry.node.driver().is_filter() || has_below(new, &entry.node);
        let excluded: Vec<String> =
            self.entries.iter().filter(is_excluded).map(name_of).collect();
        let before = self.uses();
        self.move_parents(old, new, &excluded);
        let allowed = permissions::accesses(&self.entries);
        self.restore(before);
        allowed.map(|_accesses| ())
    }

    /// Moves the roots of a node to another one, if the permissions of all users allow it.
    pub(super) fn move_roots(&mut self, old: &Node, new: &Arc<Node>) -> Result<()> {
        let is_root = |used: &Use| matches!(used.user, User::External { root: Some(_), .. });
        let before = self.uses();
        let Some(target) = self.entries.iter().position(|e| Arc::ptr_eq(&e.node, new)) else {
            return Err(Error::NodeNotFound(new.name().to_owned()));
        };
        let Some(old) = self.entry_mut(old.name()) else { return Ok(()) };
        let moved: Vec<Use> = old.uses.extract_if(.., |used| is_root(used)).collect();
        self.entries[target].uses.extend(moved.iter().cloned());
        if let Err(error) = self.refresh() {
            self.restore(before);
            return Err(error);
        }
        for used in moved {
            if let User::External { root: Some(root), .. } = used.user {
                root.set(Arc::clone(new));
            }
        }
        Ok(())
    }

    /// Makes another node the backing node of `parent`, or none. A filter that has been removed in
    /// the meantime stands for the node below it.
    ///
    /// # Errors
    /// [`Error::Cycle`]; [`Error::NodeNotFound`] if the new node is being closed; those of
    /// [`State::refresh`]. The backing node is then unchanged.
    pub(super) fn replace_backing(
        &mut self,
        parent: &Arc<Node>,
        new: Option<Arc<Node>>,
    ) -> Result<FormerBacking> {
        let new = new.map(|node| self.without_removed_filters(node));
        let old = parent.backing();
        let former =
            FormerBacking { node: old.clone(), reservation: self.new_reservation_number() };
        let is_same = match (&old, &new) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_same {
            return Ok(former);
        }
        let before = self.uses();
        if let Some(entry) = old.and_then(|old| self.entry_mut(old.name())) {
            for used in entry.uses.iter_mut().filter(|used| used.is_backing_of(parent)) {
                *used = former_use(former.reservation);
            }
        }
        let attached = match &new {
            Some(new) if chain_contains(new, parent) => {
                Err(Error::cycle("backing", new.name(), parent.name()))
            }
            Some(new) => self.attach(new, backing_use(parent)),
            None => self.refresh(),
        };
        if let Err(error) = attached {
            self.restore(before);
            return Err(error);
        }
        parent.backing.write().node = new;
        Ok(former)
    }

    /// Ends the use of a former backing node. Returns the nodes that have to be closed.
    pub(super) fn release_former(&mut self, former: FormerBacking) -> Vec<Arc<Node>> {
        self.release(former.reservation)
    }

    /// The node, or the first node below it that is not a removed filter.
    fn without_removed_filters(&self, mut node: Arc<Node>) -> Arc<Node> {
        let is_present = |node: &Arc<Node>| {
            self.entry(node.name()).is_some_and(|entry| Arc::ptr_eq(&entry.node, node))
        };
        while !is_present(&node) {
            let Some(below) = node.filtered() else { break };
            node = below;
        }
        node
    }

    /// The users of all nodes, to be restored on an error.
    fn uses(&self) -> Vec<Vec<Use>> {
        self.entries.iter().map(|entry| entry.uses.clone()).collect()
    }

    fn restore(&mut self, before: Vec<Vec<Use>>) {
        for (entry, uses) in self.entries.iter_mut().zip(before) {
            entry.uses = uses;
        }
    }
}

fn name_of(entry: &Entry) -> String {
    entry.node.name().to_owned()
}

/// The use of a backing node by the node above.
fn backing_use(parent: &Node) -> Use {
    let user = User::Node {
        name: parent.name().to_owned(),
        driver: parent.driver(),
        writable: !parent.is_read_only(),
        force_share: parent.force_share(),
        merges: false,
    };
    Use { user, role: Role::Backing }
}

/// The use of a former backing node, which keeps the node open without permissions.
fn former_use(reservation: u64) -> Use {
    let user = User::External {
        reservation,
        description: "a former overlay".to_owned(),
        access: Access::NONE,
        blocks: None,
        attached: false,
        link: BackingLink::Free,
        root: None,
    };
    Use { user, role: Role::External("backing") }
}

impl Node {
    /// Replaces a child of the node by another one with the same contents.
    fn set_child(&self, role: Role, child: &Arc<Node>) {
        let child = Some(Arc::clone(child));
        match role {
            Role::Image(_) => *self.file.write() = child,
            Role::File if !self.driver.is_filter() => *self.file.write() = child,
            Role::DataFile => *self.data_file.write() = child,
            Role::File | Role::Backing => self.backing.write().node = child,
            // Users from outside the graph stay with their node.
            Role::External(_) => {}
        }
    }
}

/// Collects the names of a node and of all below it. Each node is visited once, as several paths
/// may lead to it.
fn collect_names(node: Option<&Arc<Node>>, names: &mut Vec<String>) {
    let mut found: Vec<Arc<Node>> = node.cloned().into_iter().collect();
    while let Some(node) = found.pop() {
        if !names.iter().any(|name| name == node.name()) {
            names.push(node.name().to_owned());
            found.extend(node.children());
        }
    }
}
