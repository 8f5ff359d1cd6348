//! Nodes that go on with other options, with all that was opened for them.

use super::backing::unfiltered;
use super::graph::Graph;
use super::inherit::{GivenOptions, Settings};
use super::node::Node;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::image::host_file::{HostFileMode, Reopened};
use crate::image::qcow2::Qcow2Change;
use std::cmp::Reverse;
use std::sync::Arc;

/// A node that was made writable for a while; it refuses writes again when this is dropped.
#[derive(Debug)]
#[must_use = "the node refuses writes again when this is dropped"]
pub struct WritableGuard {
    graph: Graph,
    /// Gone if the node is to stay writable.
    node: Option<Arc<Node>>,
}

impl WritableGuard {
    /// Leaves the node as it is.
    pub fn keep(mut self) {
        self.node = None;
    }
}

impl Drop for WritableGuard {
    fn drop(&mut self) {
        if let Some(node) = &self.node
            && let Err(error) = self.graph.set_read_only(node, true)
        {
            tracing::error!(node = %node.name(), %error, "a node stays writable");
        }
    }
}

/// What is to become of a node.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) node: Arc<Node>,
    pub(super) settings: Settings,
    /// Its file as it is to be open.
    file: Option<Reopened>,
}

impl Change {
    pub(super) fn new(node: Arc<Node>, settings: Settings) -> Self {
        Change { node, settings, file: None }
    }

    /// Whether the node refuses writes from now on.
    fn ends_writing(&self) -> bool {
        self.settings.common.read_only && !self.node.is_read_only()
    }
}

impl Graph {
    /// Sees to it that a node can be written until the result is dropped. Nothing has to be done,
    /// and nothing comes back, if that is so anyway.
    ///
    /// Blocks while images are opened.
    ///
    /// # Errors
    /// As for [`Graph::set_read_only`].
    pub fn make_writable(&self, node: &Arc<Node>) -> Result<Option<WritableGuard>> {
        if !node.is_read_only() {
            return Ok(None);
        }
        self.set_read_only(node, false)?;
        Ok(Some(WritableGuard { graph: self.clone(), node: Some(Arc::clone(node)) }))
    }

    /// Has a node refuse writes from now on, or not, and with it the nodes that were opened for it
    /// and do not say themselves what they do.
    ///
    /// Blocks while images are flushed and opened.
    ///
    /// # Errors
    /// [`Error::NodeReadOnly`], [`Error::PermissionConflict`] and [`Error::ImageLocked`] when the
    /// nodes below or their users do not allow it; [`Error::OpenFile`]. All stays then as it was.
    pub fn set_read_only(&self, node: &Arc<Node>, read_only: bool) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        let Settings { inherited, given, .. } = *node.settings.read();
        let given = GivenOptions { read_only: Some(read_only), ..given };
        let mut changes = Vec::new();
        plan(Change::new(Arc::clone(node), Settings::new(inherited, given)), &mut changes);
        self.reopen_all(changes)
    }

    /// Has nodes go on with other options, all of them or none.
    pub(super) fn reopen_all(&self, mut changes: Vec<Change>) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        // Those above come first.
        changes.sort_by_cached_key(|change| Reverse(height(&change.node)));
        for change in &mut changes {
            change.settings.common.check()?;
            change.file = reopened_file(&change.node, &change.settings)?;
            if change.ends_writing() {
                change.node.flush()?;
            }
        }
        let (ending, other): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(Change::ends_writing);
        let before = self.apply_settings(ending.iter().chain(&other))?;
        // Nothing is written below a node that can still be written, and the other way round.
        let mut former = Vec::new();
        let done = ending.into_iter().chain(other.into_iter().rev()).try_for_each(|change| {
            let node = Arc::clone(&change.node);
            former.push((node, carry_out(change)?));
            Ok(())
        });
        if done.is_err() {
            roll_back(former, &before);
            self.with_state(|state| {
                restore(&before);
                state.refresh_after_release();
            });
        }
        done
    }

    /// Has all nodes have their new options, if all users of all nodes can agree on it. Gives the
    /// former ones.
    fn apply_settings<'a>(
        &self,
        changes: impl Iterator<Item = &'a Change>,
    ) -> Result<Vec<(Arc<Node>, Settings)>> {
        self.with_state(|state| {
            let exchange = |change: &Change| {
                let mut settings = change.node.settings.write();
                let former = *settings;
                *settings =
                    Settings { was_writable: !former.common.read_only, ..change.settings };
                (Arc::clone(&change.node), former)
            };
            let before: Vec<_> = changes.map(exchange).collect();
            match state.refresh() {
                Ok(()) => {
                    for (node, _) in &before {
                        node.settings.write().was_writable = false;
                    }
                    Ok(before)
                }
                Err(error) => {
                    restore(&before);
                    Err(error)
                }
            }
        })
    }
}

/// Has the images of nodes that have gone on in another way go on as they did before, the last one
/// first.
fn roll_back(done: Vec<(Arc<Node>, Option<Reopened>)>, before: &[(Arc<Node>, Settings)]) {
    for (node, file) in done.into_iter().rev() {
        let Some((_, settings)) = before.iter().find(|(known, _)| Arc::ptr_eq(known, &node))
        else {
            continue;
        };
        let back = Change { node: Arc::clone(&node), settings: *settings, file };
        if let Err(error) = carry_out(back) {
            tracing::error!(node = %node.name(), %error, "a node cannot go on as before");
        }
    }
}

/// How many nodes a node stands on, at most, one on top of the other.
fn height(node: &Node) -> usize {
    node.children().map(|child| height(&child) + 1).max().unwrap_or(0)
}

fn restore(before: &[(Arc<Node>, Settings)]) {
    for (node, settings) in before {
        *node.settings.write() = *settings;
    }
}

/// Adds a change, or has it replace an earlier one of the same node, and what follows from it for
/// the nodes that were opened for this one.
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
        let child = unfiltered(child);
        if child.is_opened_for(&node) {
            let former = child.settings.read().given;
            let settings = match planned_options(changes, &child) {
                // Described beside the one above it has for now what it said before, as in QEMU.
                Some(given) => Settings::new(inherited, given).with_defaults(former),
                None => Settings::new(inherited, former),
            };
            plan(Change::new(child, settings), changes);
        }
    }
}

/// Which of the changes is that of a node.
fn planned(changes: &[Change], node: &Arc<Node>) -> Option<usize> {
    changes.iter().position(|known| Arc::ptr_eq(&known.node, node))
}

/// What a node says itself once the changes are made, if it is among them.
pub(super) fn planned_options(changes: &[Change], node: &Arc<Node>) -> Option<GivenOptions> {
    planned(changes, node).map(|known| changes[known].settings.given)
}

/// Opens the file of a file node once more, if it is to be open in another way.
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

/// Opens an image in the way that its node is to have from now on. Gives its file as it was open
/// before, if that has changed. On an error the image is as before.
fn carry_out(change: Change) -> Result<Option<Reopened>> {
    let Change { node, settings, file } = change;
    let common = settings.common;
    let switch = |file| node.with_host_file(|host_file| host_file.switch(file));
    let former = file.and_then(switch).transpose()?;
    match &node.image {
        Image::Raw(image) => image.reopen(common.raw_mode(node.driver())),
        Image::Qcow2(image) => {
            let mut mode = image.mode();
            let is_same =
                mode.writable != common.read_only && mode.no_flush == common.cache.no_flush;
            if is_same {
                return Ok(former);
            }
            mode.writable = !common.read_only;
            mode.no_flush = common.cache.no_flush;
            image.reopen(Qcow2Change { mode, name: None })?;
        }
    }
    Ok(former)
}
