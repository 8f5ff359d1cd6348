//! Backing chains: the nodes below a node, their names, and changes while the node is in use.

use std::iter::successors;
use std::path::PathBuf;
use std::sync::Arc;

use super::driver::Driver;
use super::filename;
use super::graph::Graph;
use super::node::Node;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::image::qcow2::Qcow2Change;
use crate::image::qcow2::header::BackingName;

/// A change of the backing node, and of its name in the image.
#[derive(Clone, Debug)]
pub struct BackingChange {
    /// The new backing node; `None` for no backing node.
    pub node: Option<Arc<Node>>,
    /// The new name in the header of the image; `None` for no change, `Some(None)` for no name.
    pub name: Option<Option<BackingName>>,
}

/// The first node in the chain that is not a filter.
pub fn unfiltered(mut node: Arc<Node>) -> Arc<Node> {
    while let Some(below) = node.filtered() {
        node = below;
    }
    node
}

/// The first node in the chain that is not the filter of a job.
pub(super) fn without_job_filters(mut node: Arc<Node>) -> Arc<Node> {
    while let Some(below) = node.filtered_by_job() {
        node = below;
    }
    node
}

/// The backing node of the first image in the chain of a node.
pub fn backing_of_image(node: &Arc<Node>) -> Option<Arc<Node>> {
    unfiltered(Arc::clone(node)).backing()
}

/// The next node in the chain of a node: the filtered child of a filter, or the backing node.
pub fn next_in_chain(node: &Arc<Node>) -> Option<Arc<Node>> {
    node.filtered_or_backing()
}

/// The backing chain from a node on, with filters.
pub fn chain(node: &Arc<Node>) -> impl Iterator<Item = Arc<Node>> {
    successors(Some(Arc::clone(node)), |node| node.filtered_or_backing())
}

/// Whether `node` is in the backing chain of `top`.
pub fn chain_contains(top: &Arc<Node>, node: &Arc<Node>) -> bool {
    chain(top).any(|one| Arc::ptr_eq(&one, node))
}

/// The backing chain from a node on, without filters.
pub fn images(node: &Arc<Node>) -> impl Iterator<Item = Arc<Node>> {
    chain(node).filter(|node| !node.driver().is_filter())
}

/// The parent of `below` in the backing chain of `top`, filter or not.
pub fn above(top: &Arc<Node>, below: &Arc<Node>) -> Option<Arc<Node>> {
    chain(top)
        .find(|node| node.filtered_or_backing().is_some_and(|next| Arc::ptr_eq(&next, below)))
}

/// The image above `below` in the backing chain of `top`, without filters.
pub fn overlay(top: &Arc<Node>, below: &Arc<Node>) -> Option<Arc<Node>> {
    let below = unfiltered(Arc::clone(below));
    images(top).find(|node| {
        node.backing().is_some_and(|backing| Arc::ptr_eq(&unfiltered(backing), &below))
    })
}

/// The node below `top` whose image has this name: the name of the image, or a path relative to the
/// image above.
pub fn find_backing_image(top: &Arc<Node>, name: &str) -> Option<Arc<Node>> {
    images(top).find_map(|node| {
        let backing = unfiltered(node.backing()?);
        let filename = filename::filename(&backing);
        let is_match = filename == name
            || real_path(&node, name)
                .is_some_and(|path| Some(path) == real_path(&node, &filename));
        is_match.then_some(backing)
    })
}

/// The canonical path of a name relative to a node's image.
fn real_path(node: &Node, name: &str) -> Option<PathBuf> {
    let path = filename::resolve_backing(&*node.file()?, name);
    std::fs::canonicalize(path).ok()
}

impl Graph {
    /// Changes the backing node of a node, or its name in the image, or both, while the node is in
    /// use. Reads and writes of the node wait for the change.
    ///
    /// The name is changed after all data have been flushed to disk, so that a crash leaves the
    /// image with either the old or the new name.
    ///
    /// Blocks while the image is flushed and reopened.
    ///
    /// # Errors
    /// [`Error::NoBackingFiles`] for a driver without backing files; [`Error::Cycle`]; those of
    /// [`Graph::reserve`] for the new node; [`Error::Io`] if the image cannot be changed. The
    /// backing node is then unchanged.
    pub fn change_backing(&self, node: &Arc<Node>, change: BackingChange) -> Result<()> {
        let Image::Qcow2(image) = &node.image else {
            return Err(Error::NoBackingFiles(node.name().to_owned()));
        };
        let _reopen_lock = self.lock_reopen();
        let BackingChange { node: new, name } = change;
        let _writable_while_renamed =
            name.as_ref().map(|_| self.make_writable(node)).transpose()?;
        let former = self.with_state(|state| state.replace_backing(node, new))?;
        let mut mode = image.mode();
        mode.backing = node.backing().map(|backing| backing.image.storage());
        let renamed = name.clone();
        let reopened = image.reopen(Qcow2Change { mode, name });
        match (&reopened, renamed) {
            (Ok(()), Some(name)) => node.backing.write().named = name.map(|name| name.file),
            (Ok(()), None) => {}
            (Err(_), _) => self.restore_backing(node, former.node()),
        }
        let unused = self.with_state(|state| state.release_former(former));
        self.close_all(unused);
        reopened
    }

    /// Makes the former backing node the backing node again, after an error.
    fn restore_backing(&self, node: &Arc<Node>, former: Option<Arc<Node>>) {
        let replaced = self.with_state(|state| state.replace_backing(node, former));
        match replaced {
            Ok(other) => {
                let unused = self.with_state(|state| state.release_former(other));
                self.close_all(unused);
            }
            Err(error) => {
                tracing::error!(node = %node.name(), %error, "a backing node is lost");
            }
        }
    }

    /// Changes the name of the backing file in the image of a node, for `change-backing-file`. The
    /// backing node does not change. The node must be in the backing chain of the root node
    /// `device`.
    ///
    /// Blocks while the image is flushed and reopened.
    ///
    /// # Errors
    /// [`Error::NodeUnknown`]; [`Error::NotARoot`]; [`Error::InvalidOption`] for a node without a
    /// backing node or in another chain; [`Error::While`] if the image cannot be changed.
    pub fn rename_backing(&self, device: &str, image: &str, name: &str) -> Result<()> {
        let top = self.get(device).ok_or_else(|| Error::no_device_or_node(device))?;
        self.check_root(&top)?;
        let node = self.get(image).ok_or_else(|| Error::no_node(image))?;
        let Some(backing) = node.backing().filter(|_| !node.driver().is_filter()) else {
            let text = "not allowing backing file change on an image without a backing file";
            return Err(Error::InvalidOption(text.into()));
        };
        if !chain_contains(&top, &node) {
            let text = format!("'{device}' and image file are not in the same chain");
            return Err(Error::InvalidOption(text));
        }
        let format = Some(node.driver().name().to_owned());
        let named = BackingName { file: name.to_owned(), format };
        let change = BackingChange { node: Some(backing), name: Some(Some(named)) };
        self.change_backing(&node, change).map_err(|error| match error {
            Error::Io(source) => Error::While {
                what: format!("Could not change backing file to '{name}'"),
                source,
            },
            other => other,
        })
    }

    /// Checks that a job may freeze the links of a backing chain from `top` down to `bottom`.
    ///
    /// # Errors
    /// [`Error::ChainFrozen`]; [`Error::NeverFrozen`].
    pub fn check_freezable(&self, top: &Arc<Node>, bottom: &Node) -> Result<()> {
        let parents = chain(top).take_while(|node| !std::ptr::eq(&**node, bottom));
        let links: Vec<_> = parents
            .filter_map(|node| Some((node.clone(), node.filtered_or_backing()?)))
            .collect();
        self.with_state(|state| {
            let is_frozen =
                |node: &Node| state.find(node.name()).is_some_and(|entry| entry.is_frozen());
            match links.iter().find(|(parent, _)| is_frozen(parent)) {
                Some((parent, child)) => Err(Error::ChainFrozen {
                    link: parent.driver().link(),
                    parent: parent.name().to_owned(),
                    child: child.name().to_owned(),
                }),
                None => Ok(()),
            }
        })?;
        match links.iter().find(|(_, child)| child.driver().never_frozen()) {
            Some((parent, child)) => Err(Error::NeverFrozen {
                link: parent.driver().link(),
                child: child.name().to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The nodes whose backing node is `node`, the newest first.
    pub fn overlays(&self, node: &Arc<Node>) -> Vec<Arc<Node>> {
        let mut nodes = self.with_state(|state| state.parents(node));
        nodes.retain(|one| one.backing().is_some_and(|backing| Arc::ptr_eq(&backing, node)));
        nodes
    }

    /// The name of a node in the header of an overlay. `given` replaces the name of the image of
    /// the node. With `mask_protocol`, a node without a format gets the format `raw`.
    pub fn backing_name(
        &self,
        node: &Node,
        given: Option<&str>,
        mask_protocol: bool,
    ) -> BackingName {
        let file = given.map_or_else(|| filename::filename(node), str::to_owned);
        let filtered = node.filtered().map(unfiltered);
        let format = match filtered.as_deref().unwrap_or(node).driver() {
            driver if driver.is_protocol() && mask_protocol => Driver::Raw,
            driver => driver,
        };
        BackingName { file, format: Some(format.name().to_owned()) }
    }
}

/// Whether a range is allocated in a part of a backing chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Whether any of the nodes has the data allocated.
    pub allocated: bool,
    /// The length of the range in bytes.
    pub length: u64,
}

/// Whether any of `nodes`, which are a part of a backing chain, has the data at `offset` allocated.
/// The answer applies to at most `length` bytes.
///
/// The range beyond the end of a node counts as allocated: it reads as zeroes, regardless of
/// the nodes below.
///
/// # Errors
/// [`Error::Io`].
pub fn allocation(nodes: &[Arc<Node>], offset: u64, length: u64) -> Result<Allocation> {
    let mut known = length;
    for node in nodes {
        let (allocated, length) = node.is_allocated(offset, known)?;
        if length == 0 {
            return Ok(Allocation { allocated: true, length: known });
        }
        known = known.min(length);
        if allocated {
            return Ok(Allocation { allocated: true, length: known });
        }
    }
    Ok(Allocation { allocated: false, length: known })
}
