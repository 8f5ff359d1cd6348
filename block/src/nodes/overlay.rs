//! Overlays that are put on nodes while these are in use, for external snapshots.

use std::sync::Arc;

use super::backing::BackingChange;
use super::depth::{check_depth, depth};
use super::driver::Driver;
use super::graph::Graph;
use super::node::Node;
use super::quiesce::Quiesced;
use crate::error::{Error, Result};
use crate::image::permissions::Permissions;

impl Graph {
    /// Makes `overlay` an overlay of a node to which no write is in flight: the node becomes the
    /// backing node of `overlay`, which replaces it for its roots and parents. The image does not
    /// name the node.
    ///
    /// The filters of backups are above the overlay afterwards. The backups do not see the writes
    /// to the overlay, which do not change the node.
    ///
    /// Blocks while images are reopened.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the overlay is in use, has a backing node or cannot have one;
    /// those of [`Graph::change_backing`] and [`Graph::replace`]. The graph is unchanged then.
    pub fn append_overlay(&self, node: &Quiesced, overlay: &Arc<Node>) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        let below = node.node();
        self.check_overlay(overlay)?;
        check_depth(depth(self, below), below)?;
        let change = BackingChange { node: Some(Arc::clone(below)), name: None };
        self.change_backing(overlay, change)?;
        let replaced = self.replace_below_filters(node, overlay);
        if replaced.is_err() {
            self.detach_backing(overlay);
        }
        replaced
    }

    fn replace_below_filters(&self, old: &Quiesced, new: &Arc<Node>) -> Result<()> {
        let filters = self.overlays(old.node()).into_iter();
        let filters: Vec<_> = filters.filter(|node| node.driver().is_job_filter()).collect();
        self.replace_with_filters(old, new, &filters)
    }

    /// Undoes [`Graph::append_overlay`]: the node below replaces the overlay.
    ///
    /// Blocks while images are reopened.
    ///
    /// # Errors
    /// Those of [`Graph::replace`]. The overlay stays then.
    pub fn remove_overlay(&self, overlay: &Quiesced, below: &Arc<Node>) -> Result<()> {
        let _reopen_lock = self.lock_reopen();
        self.replace_below_filters(overlay, below)?;
        self.detach_backing(overlay.node());
        Ok(())
    }

    fn detach_backing(&self, overlay: &Arc<Node>) {
        let change = BackingChange { node: None, name: None };
        if let Err(error) = self.change_backing(overlay, change) {
            tracing::error!(node = %overlay.name(), %error, "a backing node stays");
        }
    }

    fn check_overlay(&self, overlay: &Node) -> Result<()> {
        let invalid = |text: &str| Err(Error::InvalidOption(text.to_owned()));
        let is_read = self.with_state(|state| {
            let access = state.entry_of(overlay).map(|entry| entry.cumulative.access);
            access.is_some_and(|access| access.takes.contains(Permissions::CONSISTENT_READ))
        });
        if is_read {
            return invalid("The overlay is already in use");
        }
        if overlay.driver().is_filter() {
            return invalid("Filters cannot be used as overlays");
        }
        if overlay.backing().is_some() {
            return invalid("The overlay already has a backing image");
        }
        match overlay.driver() {
            Driver::Qcow2 => Ok(()),
            _other => invalid("The overlay does not support backing images"),
        }
    }
}
