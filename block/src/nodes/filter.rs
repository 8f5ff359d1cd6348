//! Filters: nodes that a job inserts above the node on which it works, visible to clients.
//!
//! A filter shows the node below unchanged. The node below is then no longer a root node. A
//! [`WriteWatcher`](super::WriteWatcher) of the node below does what QEMU's filters do to the
//! writes that pass through them.

use std::sync::Arc;

use parking_lot::RwLock;

use super::activity::check_active;
use super::depth::check_filter_depth;
use super::driver::Driver;
use super::entry::{Role, Use, User};
use super::graph::{ClosingNodes, Graph};
use super::inherit::{CommonOptions, GivenOptions, Settings};
use super::node::{Backing, Node};
use crate::error::Result;
use crate::image::Image;
use crate::image::raw::{RawImage, RawMode};
use crate::image::storage::Storage;

/// The options of a filter.
#[derive(Debug)]
pub struct FilterOptions {
    /// The driver.
    pub driver: Driver,
    /// The name; generated if not given.
    pub name: Option<String>,
    /// The target of the job, for the filter of a backup.
    pub target: Option<Arc<Node>>,
    /// Whether the job merges the nodes below the filter into one of them.
    pub merges: bool,
}

/// A filter above a node. It is removed when this is dropped.
#[derive(Debug)]
#[must_use = "the filter is removed when this is dropped"]
pub struct Filter {
    graph: Graph,
    node: Arc<Node>,
    is_removed: bool,
}

impl Filter {
    /// The filter as a node.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

impl Filter {
    /// Removes the filter without blocking. Returns the nodes that have to be closed.
    pub fn remove(mut self) -> ClosingNodes {
        self.take_nodes()
    }

    fn take_nodes(&mut self) -> ClosingNodes {
        let nodes = match std::mem::replace(&mut self.is_removed, true) {
            // Another node may have the name by now.
            true => Vec::new(),
            false => self.graph.with_state(|state| state.remove_filter(&self.node)),
        };
        ClosingNodes::new(&self.graph, nodes)
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        drop(self.take_nodes());
    }
}

impl Graph {
    /// Inserts a filter between a node and all of its parents.
    ///
    /// # Errors
    /// The name is malformed or taken, or there are too many nodes.
    pub fn insert_filter(&self, below: &Arc<Node>, options: FilterOptions) -> Result<Filter> {
        let FilterOptions { driver, name, target, merges } = options;
        check_filter_depth(self, below)?;
        let place = self.with_state(|state| state.reserve_name(name))?;
        if let Err(error) = check_active(below, role(driver), &place.name, true) {
            self.discard(&place.name);
            return Err(error);
        }
        let user = User::Node {
            name: place.name.clone(),
            driver,
            active: true,
            writable: below.is_writable(),
            force_share: below.force_share(),
            merges,
        };
        let used = Use { user, role: role(driver) };
        let mut node = filter(place.name.clone(), driver, below);
        node.target = target;
        let node = Arc::new(node);
        let inserted = self.with_state(|state| state.insert_filter(below, &node, used));
        if let Err(error) = inserted {
            self.discard(&place.name);
            return Err(error);
        }
        self.publish(&[place]);
        Ok(Filter { graph: self.clone(), node, is_removed: false })
    }
}

/// The role of the child of a filter.
fn role(driver: Driver) -> Role {
    match driver {
        Driver::CopyBeforeWrite | Driver::CopyOnRead => Role::File,
        Driver::MirrorTop
        | Driver::CommitTop
        | Driver::Filter(_)
        | Driver::Blkdebug
        | Driver::File
        | Driver::HostCdrom
        | Driver::HostDevice
        | Driver::Raw
        | Driver::Qcow2
        | Driver::NullCo => Role::Backing,
    }
}

fn filter(name: String, driver: Driver, below: &Arc<Node>) -> Node {
    let common = CommonOptions {
        // No writes pass through this filter.
        read_only: driver == Driver::CommitTop,
        discard: below.discard(),
        force_share: Some(below.force_share()),
        cache: below.cache(),
        ..CommonOptions::of_root(false)
    };
    let settings = Settings { common, ..Settings::new(common, GivenOptions::default()) };
    let mode = RawMode { writable: !common.read_only, no_flush: true, unmap: false };
    let storage = below.child_storage();
    let image = Image::Raw(RawImage::new(Storage::from(Arc::clone(&storage)), mode));
    let mut node = Node::new(name, driver, settings, image);
    node.file_storage = Some(storage);
    node.backing = RwLock::new(Backing { node: Some(Arc::clone(below)), named: None });
    node
}
