//! Nodes that replace others for their users: filters of jobs, targets of mirrors, and new backing
//! nodes.

use std::collections::HashSet;
use std::sync::Arc;

use super::activity::check_active;
use super::backing::chain_contains;
use super::depth::with_all_below;
use super::entry::{Entry, Role, Stage, Use, User};
use super::node::Node;
use super::permissions;
use super::state::State;
use super::usage::{BackingLink, InactiveNode};
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
        let open = self.entry_of(below).filter(|entry| entry.stage != Stage::Closing);
        let below_order = match open {
            Some(entry) => entry.order,
            None => return Err(Error::NodeNotFound(below.name().to_owned())),
        };
        self.check_links_free(below)?;
        self.insert(Arc::clone(filter));
        let Some(order) = self.entries.order(filter.name()) else { return Ok(()) };
        // Nodes below the filter cannot be its parents.
        let excluded = filter.target.as_ref().map(with_all_below).unwrap_or_default();
        let before = self.users_of([below_order]);
        let moved = self.move_parents(below_order, order, |parent| {
            excluded.contains(&std::ptr::from_ref(parent))
        });
        self.entries.add_use(below_order, used);
        if let Err(error) = self.refresh([order, below_order]) {
            self.entries.remove(filter.name());
            self.restore(before);
            return Err(error);
        }
        self.relink(&moved, filter);
        Ok(())
    }

    /// Checks that no copy-on-read node freezes the link of a parent to a node.
    fn check_links_free(&self, child: &Node) -> Result<()> {
        let is_frozen = |parent: &Arc<Node>| {
            let is_next =
                |next: Arc<Node>| parent.is_frozen_by_node() && std::ptr::eq(&*next, child);
            parent.filtered_or_backing().is_some_and(is_next)
        };
        match self.parents(child).into_iter().find(is_frozen) {
            Some(parent) => Err(Error::LinkFrozen {
                link: parent.driver().link(),
                child: child.name().to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Attaches the parents of a filter to its child, and removes the filter. Returns the nodes
    /// that have to be closed.
    pub(super) fn remove_filter(&mut self, filter: &Arc<Node>) -> Vec<Arc<Node>> {
        if let Some(below) = filter.filtered()
            && let Some(order) = self.entries.order(filter.name())
            && let Some(below_order) = self.entry_of(&below).map(|entry| entry.order)
        {
            let moved = self.move_parents(order, below_order, |_parent| false);
            self.relink(&moved, &below);
        }
        self.remove(filter.name())
    }

    /// Moves the uses of a node by its parents to another node, except the uses by parents that are
    /// excluded. Returns the moved uses.
    fn move_parents(
        &mut self,
        old: u64,
        new: u64,
        is_excluded: impl Fn(&Node) -> bool,
    ) -> Vec<Use> {
        let parents = self.parents_except(old, is_excluded);
        let moved = self.entries.extract_uses(old, |used| match &used.user {
            User::Node { name, .. } => parents.contains(name),
            User::External { .. } => false,
        });
        for used in &moved {
            self.entries.add_use(new, used.clone());
        }
        moved
    }

    /// The names of the parents of a node that are not excluded. A parent that is being opened has
    /// no entry, and does not get another child.
    fn parents_except(&self, order: u64, is_excluded: impl Fn(&Node) -> bool) -> HashSet<String> {
        let names = self.entries.at(order).into_iter().flat_map(Entry::parents);
        let parents = names.filter_map(|name| self.entries.get(name));
        parents
            .filter(|parent| !is_excluded(&parent.node))
            .map(|parent| parent.node.name().to_owned())
            .collect()
    }

    /// A node, and the filters whose chains lead to it.
    fn with_filters_above(&self, order: u64) -> Vec<u64> {
        let mut found = vec![order];
        let mut next = 0;
        while let Some(one) = found.get(next).and_then(|order| self.entries.at(*order)) {
            let parents = one.parents().filter_map(|name| self.entries.get(name));
            let filters = parents.filter(|parent| parent.node.driver().is_job_filter());
            let orders: Vec<u64> = filters.map(|filter| filter.order).collect();
            found.extend(
                orders.iter().filter(|order| !found.contains(order)).copied().collect::<Vec<_>>(),
            );
            next += 1;
        }
        found
    }

    /// Updates the child in the nodes whose uses were moved.
    fn relink(&self, moved: &[Use], child: &Arc<Node>) {
        for used in moved {
            if let User::Node { name, .. } = &used.user
                && let Some(parent) = self.entries.get(name)
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
        let (Some(old), Some(order)) =
            (self.entries.order(old.name()), self.entries.order(new.name()))
        else {
            return Ok(());
        };
        let below_new = with_all_below(new);
        let before = self.users_of([old, order]);
        self.move_parents(old, order, |parent| {
            parent.driver().is_job_filter() || below_new.contains(&std::ptr::from_ref(parent))
        });
        let allowed = permissions::recompute(&self.entries, [old, order]);
        self.restore(before);
        allowed.map(|_recomputed| ())
    }

    /// Moves the roots of a node to another one, and the parents that are stored in the node or in
    /// a filter above it, if the permissions of all users allow it. Parents below the new node
    /// stay. Overlays are not moved.
    ///
    /// `filters`, which are all filters above the node or none of them, move too. They keep their
    /// parents, and are above all roots.
    pub(super) fn move_users(
        &mut self,
        old: &Node,
        new: &Arc<Node>,
        filters: &[Arc<Node>],
    ) -> Result<()> {
        let Some(order) = self.entry_of(new).map(|entry| entry.order) else {
            return Err(Error::NodeNotFound(new.name().to_owned()));
        };
        let Some(old) = self.entries.order(old.name()) else { return Ok(()) };
        let below_new = with_all_below(new);
        let replaced = match filters {
            [] => self.with_filters_above(old),
            _moved => vec![old],
        };
        let before = self.users_of(replaced.iter().copied().chain([order]));
        let mut moved = Vec::new();
        for one in &replaced {
            let parents = self.parents_except(*one, |parent| {
                parent.driver().is_job_filter() || below_new.contains(&std::ptr::from_ref(parent))
            });
            moved.extend(self.entries.extract_uses(*one, |used| match &used.user {
                User::Node { name, .. } => used.role.is_storage() && parents.contains(name),
                User::External { root, .. } => *one == old && root.is_some(),
            }));
        }
        moved.extend(self.entries.extract_uses(old, |used| match &used.user {
            User::Node { name, .. } => filters.iter().any(|filter| filter.name() == name),
            User::External { .. } => false,
        }));
        for used in &moved {
            self.entries.add_use(order, used.clone());
        }
        if let Err(error) = self.refresh(replaced.into_iter().chain([order])) {
            self.restore(before);
            return Err(error);
        }
        self.relink(&moved, new);
        for filter in self.with_filters_above(order).into_iter().skip(1) {
            let Some(entry) = self.entries.at(filter) else { continue };
            entry.node.link_storage(new);
            self.relink(&entry.uses, &entry.node);
        }
        for used in moved {
            if let User::External { root: Some(root), .. } = used.user {
                root.set(Arc::clone(new));
            }
        }
        Ok(())
    }

    /// Makes other nodes the `file` children of nodes. The caller checks the permissions. Returns
    /// the former users of all children, for [`State::restore`].
    pub(super) fn move_files(
        &mut self,
        files: &[(Arc<Node>, Arc<Node>)],
    ) -> Vec<(u64, Vec<Use>)> {
        let order = |state: &State, node: &Node| state.entry_of(node).map(|entry| entry.order);
        let children = files.iter().flat_map(|(node, new)| [node.file(), Some(Arc::clone(new))]);
        let orders: Vec<u64> =
            children.flatten().filter_map(|child| order(self, &child)).collect();
        let before = self.users_of(orders);
        for (node, new) in files {
            if let Some(old) = node.file().and_then(|old| order(self, &old))
                && let Some(new) = order(self, new)
            {
                let moved = self.entries.extract_uses(old, |used| used.is_file_of(node));
                moved.into_iter().for_each(|used| self.entries.add_use(new, used));
            }
        }
        before
    }

    /// Hides nodes that were opened for a node which does not use them any more. Returns them, to
    /// be closed without the lock.
    pub(super) fn begin_closing_children(&mut self, nodes: &[Arc<Node>]) -> Vec<Arc<Node>> {
        let unused = |node: &&Arc<Node>| self.entry_of(node).is_some_and(Entry::is_unused);
        let unused: Vec<_> = nodes.iter().filter(unused).cloned().collect();
        unused.iter().filter_map(|node| self.begin_closing(node)).collect()
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
        let old = old.and_then(|old| self.entries.order(old.name()));
        let known = new.as_ref().and_then(|new| self.entries.order(new.name()));
        let before = self.users_of(old.into_iter().chain(known));
        if let Some(old) = old {
            let replaced = self.entries.extract_uses(old, |used| used.is_backing_of(parent));
            for _use in replaced {
                self.entries.add_use(old, former_use(former.reservation));
            }
        }
        let attached = match &new {
            Some(new) if chain_contains(new, parent) => {
                Err(Error::cycle("backing", new.name(), parent.name()))
            }
            Some(new) => check_active(new, Role::Backing, parent.name(), parent.is_active())
                .and_then(|()| self.attach_after_change(new, backing_use(parent), old)),
            None => self.refresh(old),
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
        while self.entry_of(&node).is_none() {
            let Some(below) = node.filtered() else { break };
            node = below;
        }
        node
    }

    /// The users of nodes, to be restored after an error.
    fn users_of(&self, nodes: impl IntoIterator<Item = u64>) -> Vec<(u64, Vec<Use>)> {
        let users = |order| self.entries.at(order).map(|entry| (order, entry.uses.clone()));
        nodes.into_iter().filter_map(users).collect()
    }

    /// Restores the users of nodes.
    pub(super) fn restore(&mut self, before: Vec<(u64, Vec<Use>)>) {
        for (order, uses) in before {
            self.entries.extract_uses(order, |_use| true);
            for used in uses {
                self.entries.add_use(order, used);
            }
        }
    }
}

/// The use of a backing node by the node above.
fn backing_use(parent: &Node) -> Use {
    let user = User::Node {
        name: parent.name().to_owned(),
        driver: parent.driver(),
        active: parent.is_active(),
        writable: parent.is_writable(),
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
        origin: None,
        access: Access::NONE,
        blocks: None,
        attached: false,
        link: BackingLink::Free,
        root: None,
        on_inactive: InactiveNode::Refused,
    };
    Use { user, role: Role::External("backing") }
}

impl Node {
    /// Replaces a child of the node by another one with the same contents.
    fn set_child(&self, role: Role, child: &Arc<Node>) {
        match role {
            Role::File | Role::Backing if self.driver.is_job_filter() => {
                self.link_storage(child);
                self.set_backing_node(child);
            }
            Role::File | Role::FilePart | Role::Image(_) => drop(self.set_file(child)),
            Role::DataFile => self.set_data_file(child),
            Role::Backing => self.set_backing_node(child),
            // Users from outside the graph stay with their node.
            Role::External(_) => {}
        }
    }

    fn set_backing_node(&self, child: &Arc<Node>) {
        self.backing.write().node = Some(Arc::clone(child));
    }
}
