//! Reopening of nodes with other options. The children that were opened for a node are reopened
//! with that node.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::backing::without_job_filters;
use super::depth::height;
use super::entry::Use;
use super::filter_state::FilterSettings;
use super::graph::Graph;
use super::inherit::{GivenOptions, Settings};
use super::node::Node;
use super::range::RangeOptions;
use super::state::State;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::image::host_file::{HostFileMode, Reopened};
use crate::image::permissions::AccessMode;
use crate::image::qcow2::Qcow2Change;

/// A node that has been made writable. The node becomes read-only again when the guard is dropped.
#[derive(Debug)]
#[must_use = "the node refuses writes again when this is dropped"]
pub struct WritableGuard {
    graph: Graph,
    /// `None` if the node stays writable.
    node: Option<Arc<Node>>,
}

impl WritableGuard {
    /// Leaves the node writable.
    pub fn persist(mut self) {
        self.node = None;
    }
}

impl Drop for WritableGuard {
    fn drop(&mut self) {
        if let Some(node) = &self.node
            && let Err(error) = self.graph.set_access_mode(node, AccessMode::ReadOnly)
        {
            tracing::error!(node = %node.name(), %error, "a node stays writable");
        }
    }
}

/// The new settings of a node.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) node: Arc<Node>,
    pub(super) settings: Settings,
    /// The range of a raw node.
    range: RangeOptions,
    /// The file of a file node, opened in another mode.
    file: Option<Reopened>,
    /// The new options of a filter.
    pub(super) filter: Option<FilterSettings>,
    /// The new `file` child of a format or a filter, if the child changes.
    pub(super) child: Option<Arc<Node>>,
}

/// What the reopening of an image has replaced.
#[derive(Debug)]
struct Former {
    range: RangeOptions,
    file: Option<Reopened>,
    filter: Option<FilterSettings>,
    child: Option<Arc<Node>>,
}

/// The settings and the users of nodes before a change.
#[derive(Debug)]
struct Before {
    settings: Vec<(Arc<Node>, Settings)>,
    /// The former `file` children and the new ones.
    children: Vec<Arc<Node>>,
    users: Vec<(u64, Vec<Use>)>,
}

impl Before {
    /// The nodes whose permissions the change affects.
    fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.settings.iter().map(|(node, _)| node).chain(&self.children)
    }

    /// Restores the settings and the users.
    fn restore(&self, state: &mut State) {
        for (node, settings) in &self.settings {
            *node.settings.write() = *settings;
        }
        state.restore(self.users.clone());
    }
}

impl Change {
    pub(super) fn new(node: Arc<Node>, mut settings: Settings) -> Self {
        settings.common.active = node.is_active();
        let range = node.range();
        Change { node, settings, range, file: None, filter: None, child: None }
    }

    /// The `file` child that the node has after the change.
    pub(super) fn file_child(&self) -> Option<Arc<Node>> {
        self.child.clone().or_else(|| self.node.file())
    }

    /// The same change with another range of a raw node.
    pub(super) fn range(self, range: RangeOptions) -> Self {
        Change { range, ..self }
    }

    /// Whether the node becomes read-only.
    fn ends_writing(&self) -> bool {
        self.settings.common.read_only && !self.node.is_read_only()
    }
}

impl Graph {
    /// Makes a node writable until the guard is dropped. Returns `None` if the node already is
    /// writable.
    ///
    /// Blocks while images are opened.
    ///
    /// # Errors
    /// As for [`Graph::set_access_mode`].
    pub fn make_writable(&self, node: &Arc<Node>) -> Result<Option<WritableGuard>> {
        if !node.is_read_only() {
            return Ok(None);
        }
        self.set_access_mode(node, AccessMode::ReadWrite)?;
        Ok(Some(WritableGuard { graph: self.clone(), node: Some(Arc::clone(node)) }))
    }

    /// Makes a node read-only or writable. The same applies to the children that were opened for
    /// the node and inherit the option.
    ///
    /// Blocks while images are flushed and opened.
    ///
    /// # Errors
    /// [`Error::NodeReadOnly`], [`Error::PermissionConflict`] and [`Error::ImageLocked`] if the
    /// nodes below or their users do not allow the change; [`Error::OpenFile`]. After an error, no
    /// node is changed.
    pub fn set_access_mode(&self, node: &Arc<Node>, mode: AccessMode) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        let Settings { inherited, given, .. } = *node.settings.read();
        let read_only = Some(mode == AccessMode::ReadOnly);
        let given = GivenOptions { read_only, ..given };
        let mut changes = Vec::new();
        plan(Change::new(Arc::clone(node), Settings::new(inherited, given)), &mut changes);
        self.reopen_all(changes)
    }

    /// Reopens nodes with other options: either all nodes or none.
    pub(super) fn reopen_all(&self, mut changes: Vec<Change>) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        // Parents first.
        let mut heights = HashMap::new();
        changes.sort_by_cached_key(|change| Reverse(height(&change.node, &mut heights)));
        for change in &mut changes {
            change.settings.common.check()?;
            change.file = reopened_file(&change.node, &change.settings)?;
            if change.ends_writing() || change.child.is_some() {
                change.node.flush()?;
            }
        }
        let (ending, other): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(Change::ends_writing);
        let before = self.apply_settings(ending.iter().chain(&other))?;
        // A node becomes read-only after its parents, and writable before them.
        let mut former = Vec::new();
        let done = ending.into_iter().chain(other.into_iter().rev()).try_for_each(|change| {
            let node = Arc::clone(&change.node);
            former.push((node, reopen_image(change)?));
            Ok(())
        });
        if done.is_err() {
            roll_back(former, &before.settings);
            self.with_state(|state| {
                before.restore(state);
                state.refresh_restored(before.nodes());
            });
        }
        let unused = self.with_state(|state| state.begin_closing_children(&before.children));
        self.close_all(unused);
        done
    }

    /// Sets the new options and `file` children of all nodes, if the permissions of all users allow
    /// it. Returns the former state.
    fn apply_settings<'a>(&self, changes: impl Iterator<Item = &'a Change>) -> Result<Before> {
        self.with_state(|state| {
            let (mut settings, mut files) = (Vec::new(), Vec::new());
            for change in changes {
                let mut current = change.node.settings.write();
                settings.push((Arc::clone(&change.node), *current));
                *current =
                    Settings { was_writable: !current.common.read_only, ..change.settings };
                let child = change.child.clone();
                files.extend(child.map(|child| (Arc::clone(&change.node), child)));
            }
            let children = files.iter().flat_map(|(node, new)| [node.file(), Some(new.clone())]);
            let children = children.flatten().collect();
            let before = Before { settings, children, users: state.move_files(&files) };
            match state.refresh_nodes(before.nodes()) {
                Ok(()) => {
                    for (node, _) in &before.settings {
                        node.settings.write().was_writable = false;
                    }
                    Ok(before)
                }
                Err(error) => {
                    before.restore(state);
                    Err(error)
                }
            }
        })
    }
}

/// Reopens images with their former options, the last one first.
fn roll_back(done: Vec<(Arc<Node>, Former)>, before: &[(Arc<Node>, Settings)]) {
    for (node, Former { range, file, filter, child }) in done.into_iter().rev() {
        let Some((_, settings)) = before.iter().find(|(known, _)| Arc::ptr_eq(known, &node))
        else {
            continue;
        };
        let back =
            Change { node: Arc::clone(&node), settings: *settings, range, file, filter, child };
        if let Err(error) = reopen_image(back) {
            tracing::error!(node = %node.name(), %error, "a node cannot be restored");
        }
    }
}

/// Adds a change, and the resulting changes of the children that were opened for the node. A change
/// replaces an earlier change of the same node.
pub(super) fn plan(change: Change, changes: &mut Vec<Change>) {
    let (node, common) = (Arc::clone(&change.node), change.settings.common);
    match planned(changes, &node) {
        Some(known) => changes[known] = change,
        None => changes.push(change),
    }
    let file = node.file().map(|file| (file, common.for_file()));
    let backing = node.backing().map(|backing| (backing, common.for_backing()));
    let data_file = node.data_file().map(|file| (file, common.for_file()));
    for (child, inherited) in file.into_iter().chain(data_file).chain(backing) {
        let child = without_job_filters(child);
        if child.is_opened_for(&node) {
            let former = child.settings.read().given;
            let settings = match planned_options(changes, &child) {
                // As in QEMU, an option that the planned change of the child does not give has its
                // former value.
                Some(given) => Settings::new(inherited, given).with_defaults(former),
                None => Settings::new(inherited, former),
            };
            let mut change = Change::new(child, settings);
            if let Some(known) = planned(changes, &change.node) {
                change.range = changes[known].range;
                change.child = changes[known].child.clone();
            }
            plan(change, changes);
        }
    }
}

/// The position of the change for a node.
pub(super) fn planned(changes: &[Change], node: &Arc<Node>) -> Option<usize> {
    changes.iter().position(|known| Arc::ptr_eq(&known.node, node))
}

/// The options in the change for a node, if there is one.
pub(super) fn planned_options(changes: &[Change], node: &Arc<Node>) -> Option<GivenOptions> {
    planned(changes, node).map(|known| changes[known].settings.given)
}

/// Opens the file of a file node again, if its mode changes.
fn reopened_file(node: &Node, settings: &Settings) -> Result<Option<Reopened>> {
    let Some(options) = &node.file_options else { return Ok(None) };
    let common = settings.common;
    if options.needs_direct() && !common.cache.direct {
        return Err(Error::needs_direct());
    }
    let is_same =
        common.read_only == node.is_read_only() && common.cache.direct == node.cache().direct;
    if is_same {
        return Ok(None);
    }
    let mode = HostFileMode {
        writable: !common.read_only,
        direct: common.cache.direct,
        locking: options.locking.unwrap_or_default(),
        no_flush: common.cache.no_flush,
    };
    node.with_host_file(|file| file.open_again(mode)).transpose()
}

/// Reopens the image of a node with the new options. Returns what was replaced.
///
/// # Errors
/// Those of the file or of the image. Nothing was replaced then: only a file node has a file, and
/// the image of a file node cannot fail.
fn reopen_image(change: Change) -> Result<Former> {
    let Change { node, settings, range, file, filter, child } = change;
    if child.is_some() {
        // The space belongs to the former file.
        node.free_own_preallocated();
    }
    let child = child.map(|child| exchange_file(&node, &child)).transpose()?.flatten();
    let switch = |file| node.with_host_file(|host_file| host_file.switch(file));
    let file = file.and_then(switch).transpose()?;
    if let Err(error) = change_mode(&node, &settings) {
        if let Some(former) = &child
            && let Err(error) = exchange_file(&node, former)
        {
            tracing::error!(node = %node.name(), %error, "a file cannot be restored");
        }
        return Err(error);
    }
    let filter = filter.and_then(|new| node.filter_state.as_ref()?.set(new));
    if let Some(former) = &child {
        former.free_own_preallocated();
    }
    if settings.common.read_only {
        node.free_preallocated();
    }
    Ok(Former { range: node.set_range(range), file, filter, child })
}

/// Opens the image of a node in the mode of new settings.
pub(super) fn change_mode(node: &Node, settings: &Settings) -> Result<()> {
    let common = settings.common;
    match &node.image {
        Image::Raw(image) => image.reopen(common.raw_mode(node.driver())),
        Image::Qcow2(image) => {
            let mut mode = image.mode();
            let tuning = settings.given.qcow2.unwrap_or_default();
            let cache_sizes = tuning.check(&image.header())?;
            let discard_policy = tuning.discard_policy(common.discard);
            let is_same = mode.writable == common.writable()
                && mode.active == common.active
                && mode.no_flush == common.cache.no_flush
                && mode.cache_sizes == cache_sizes
                && mode.overlap_checks == tuning.overlap_checks
                && mode.discard_policy == discard_policy;
            if !is_same {
                mode.writable = common.writable();
                mode.active = common.active;
                mode.no_flush = common.cache.no_flush;
                mode.cache_sizes = cache_sizes;
                mode.overlap_checks = tuning.overlap_checks;
                mode.discard_policy = discard_policy;
                image.reopen(Qcow2Change { mode, name: None })?;
            }
        }
    }
    Ok(())
}

/// Makes another node the `file` child of a node. Returns the former child, which has all data that
/// were written to the node so far.
fn exchange_file(node: &Node, child: &Arc<Node>) -> Result<Option<Arc<Node>>> {
    match &node.image {
        Image::Raw(_) => {
            node.image.flush()?;
            Ok(node.set_file(child))
        }
        Image::Qcow2(image) => {
            let mut former = None;
            let exchanged = image.exchange_file(|| former = node.set_file(child));
            if let (Err(_), Some(former)) = (&exchanged, &former) {
                node.set_file(former);
            }
            exchanged.map(|()| former)
        }
    }
}
