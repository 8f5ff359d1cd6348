//! Filters: nodes that a job puts on top of the one it works on, for clients to see.
//!
//! A filter shows the node below unchanged. It keeps others from taking the node for a root; what
//! QEMU's filters do to the writes that pass through them, a
//! [`WriteWatcher`](super::WriteWatcher) of the node below does here.

use super::graph::Graph;
use super::node::{Backing, Driver, Node};
use super::options::DetectZeroes;
use super::sharing::{Role, Use, User};
use super::watch::WriteLock;
use crate::error::Result;
use crate::image::Image;
use crate::image::flat::FlatImage;
use parking_lot::RwLock;
use std::sync::Arc;

/// A filter on top of a node; gone when this is dropped.
#[derive(Debug)]
#[must_use = "the filter is removed when this is dropped"]
pub struct Filter {
    graph: Graph,
    node: Arc<Node>,
}

impl Filter {
    /// The filter as a node.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.graph.discard(self.node.name());
    }
}

impl Graph {
    /// Puts a filter on top of a node, with a name of its own if there is one.
    ///
    /// # Errors
    /// The name is taken or malformed, or there are too many nodes.
    pub fn insert_filter(
        &self,
        driver: Driver,
        below: &Arc<Node>,
        name: Option<String>,
    ) -> Result<Filter> {
        let place = self.with_state(|state| state.expect(name))?;
        let user = User::Node {
            name: place.name.clone(),
            driver,
            writable: !below.is_read_only(),
            force_share: below.force_share,
        };
        let used = Use { user, role: role(driver) };
        if let Err(error) = self.with_state(|state| state.attach(below, used)) {
            self.discard(&place.name);
            return Err(error);
        }
        let node = Arc::new(filter(place.name.clone(), driver, below));
        self.with_state(|state| state.insert(Arc::clone(&node)));
        self.publish(&[place]);
        Ok(Filter { graph: self.clone(), node })
    }
}

/// In which way a filter uses the node below.
fn role(driver: Driver) -> Role {
    match driver {
        Driver::CopyBeforeWrite => Role::File,
        Driver::MirrorTop
        | Driver::CopyOnRead
        | Driver::CommitTop
        | Driver::File
        | Driver::Raw
        | Driver::Qcow2
        | Driver::NullCo => Role::Backing,
    }
}

fn filter(name: String, driver: Driver, below: &Arc<Node>) -> Node {
    let image = FlatImage::new(below.storage(), !below.is_read_only(), true);
    Node {
        name,
        driver,
        read_only: below.is_read_only(),
        cache: below.cache(),
        discard: below.discard(),
        detect_zeroes: DetectZeroes::Off,
        force_share: below.force_share,
        monitor_owned: false,
        path: None,
        part: Default::default(),
        file: None,
        backing: RwLock::new(Backing { node: Some(Arc::clone(below)), from_header: false }),
        image: Image::Flat(image),
        writes: WriteLock::default(),
    }
}
