//! Nodes that replace others for their users: filters of jobs, and targets of mirrors.

use std::sync::Arc;

use super::entry::{Role, Stage, Use, User};
use super::node::Node;
use super::state::State;
use crate::error::{Error, Result};

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
        let names: Vec<String> =
            self.entries.iter().map(|entry| entry.node.name().to_owned()).collect();
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

/// Collects the names of a node and of all below it.
fn collect_names(node: Option<&Arc<Node>>, names: &mut Vec<String>) {
    let Some(node) = node else { return };
    names.push(node.name().to_owned());
    for child in node.children() {
        collect_names(Some(&child), names);
    }
}
