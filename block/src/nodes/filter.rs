//! Filters: nodes that a job puts on top of the one it works on, for clients to see.
//!
//! A filter shows the node below unchanged. It keeps others from taking the node for a root; what
//! QEMU's filters do to the writes that pass through them, a
//! [`WriteWatcher`](super::WriteWatcher) of the node below does here.

use super::driver::Driver;
use super::entry::{Role, Use, User};
use super::graph::{ClosingNodes, Graph};
use super::inherit::{CommonOptions, GivenOptions, Settings};
use super::node::{Backing, Node};
use crate::error::Result;
use crate::image::Image;
use crate::image::raw::{RawImage, RawMode};
use parking_lot::RwLock;
use std::sync::Arc;

/// A filter to be put on top of a node.
#[derive(Debug)]
pub struct FilterOptions {
    /// Which.
    pub driver: Driver,
    /// Its name, if it is to have one of its own.
    pub name: Option<String>,
    /// Where the job copies to, if that belongs to what the filter is.
    pub target: Option<Arc<Node>>,
    /// Whether it stands for a job that merges the nodes below it into one of them.
    pub merges: bool,
}

/// A filter on top of a node; gone when this is dropped.
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
    /// Removes the filter without waiting for anything. Gives the nodes that nobody needs any more.
    pub fn remove(mut self) -> ClosingNodes {
        self.take_nodes()
    }

    fn take_nodes(&mut self) -> ClosingNodes {
        let nodes = match std::mem::replace(&mut self.is_removed, true) {
            // Its name may be another's by now.
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
    /// Puts a filter between a node and all nodes that stand on it, with a name of its own if there
    /// is one.
    ///
    /// # Errors
    /// The name is taken or malformed, or there are too many nodes.
    pub fn insert_filter(&self, below: &Arc<Node>, options: FilterOptions) -> Result<Filter> {
        let FilterOptions { driver, name, target, merges } = options;
        let place = self.with_state(|state| state.reserve_name(name))?;
        let user = User::Node {
            name: place.name.clone(),
            driver,
            writable: !below.is_read_only(),
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

/// In which way a filter uses the node below.
fn role(driver: Driver) -> Role {
    match driver {
        Driver::CopyBeforeWrite | Driver::CopyOnRead => Role::File,
        Driver::MirrorTop
        | Driver::CommitTop
        | Driver::Blkdebug
        | Driver::File
        | Driver::Raw
        | Driver::Qcow2
        | Driver::NullCo => Role::Backing,
    }
}

fn filter(name: String, driver: Driver, below: &Arc<Node>) -> Node {
    let common = CommonOptions {
        // Only through this one nobody ever writes.
        read_only: driver == Driver::CommitTop,
        discard: below.discard(),
        force_share: Some(below.force_share()),
        cache: below.cache(),
        ..CommonOptions::of_root(false)
    };
    let settings = Settings { common, ..Settings::new(common, GivenOptions::default()) };
    let mode = RawMode { writable: !common.read_only, no_flush: true, unmap: false };
    let image = Image::Raw(RawImage::new(below.storage(), mode));
    let mut node = Node::new(name, driver, settings, image);
    node.backing = RwLock::new(Backing { node: Some(Arc::clone(below)), named: None });
    node
}
