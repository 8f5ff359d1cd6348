//! Opening nodes: first the file below, then the node, then its backing files.

use std::io;
use std::sync::Arc;

use parking_lot::RwLock;
use rustix::io::Errno;

use super::activity::check_active;
use super::depth::check_depth;
use super::driver::Driver;
use super::entry::{Role, Use, User};
use super::graph::Graph;
use super::inherit::{CommonOptions, GivenOptions, Settings};
use super::node::Node;
use super::range::{RangeOptions, check_range};
use super::reservation::BorrowedNode;
use super::state::PendingNode;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::image::blkdebug::EventStorage;
use crate::image::extent::{SECTOR_SIZE, SIZE_MAX};
use crate::image::host_file::{HostFile, HostFileKind, HostFileMode};
use crate::image::null::NullStorage;
use crate::image::raw::{RawImage, RawMode};
use crate::image::slice::StorageSlice;
use crate::image::storage::Storage;
use crate::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsFile, BlockdevOptionsNull,
    BlockdevOptionsRaw, BlockdevRef, MAX_DEPTH,
};

/// The default size of a null node.
const NULL_SIZE: u64 = 1 << 30;

impl Graph {
    /// Opens a node and all nodes that are described inline below it, or none of them.
    ///
    /// Blocks while files are opened.
    ///
    /// # Errors
    /// Any of [`Error`]. The graph is then unchanged.
    pub fn add(&self, options: &BlockdevOptions) -> Result<Arc<Node>> {
        options.check_supported()?;
        if options.node_name.is_none() {
            return Err(Error::NodeNameMissing);
        }
        Opener::new(self).run(options, CommonOptions::of_root(true))
    }

    /// Finds a node, or opens one that is closed when the result is dropped.
    ///
    /// # Errors
    /// [`Error::NodeUnknown`], or those of [`Graph::add`].
    pub fn borrow_child(&self, child: &BlockdevRef) -> Result<BorrowedNode> {
        child.check_supported()?;
        let opener = Opener::new(self);
        let (node, temporary) = match child {
            BlockdevRef::Reference(name) => (opener.find(name)?, false),
            BlockdevRef::Definition(options) => {
                (opener.run(options, CommonOptions::of_root(false))?, true)
            }
        };
        Ok(BorrowedNode::new(self, node, temporary))
    }
}

/// Opens a tree of nodes. On an error, all of its nodes are closed again.
///
/// The state of the graph is not locked while files are opened and read.
pub(super) struct Opener<'a> {
    pub(super) graph: &'a Graph,
    /// The nodes of the tree, opened or being opened.
    created: Vec<PendingNode>,
    /// The nodes that were opened as children, with the names of their parents.
    owned: Vec<(Arc<Node>, String)>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Opener { graph, created: Vec::new(), owned: Vec::new() }
    }

    pub(super) fn run(
        mut self,
        options: &BlockdevOptions,
        above: CommonOptions,
    ) -> Result<Arc<Node>> {
        let opened = self.open(options, above);
        if opened.is_ok() {
            self.graph.publish(&self.created);
        } else {
            // Parents first, as closing them writes to their children.
            for pending in self.created.iter().rev() {
                self.graph.abandon(pending);
            }
        }
        opened
    }

    pub(super) fn open(
        &mut self,
        options: &BlockdevOptions,
        above: CommonOptions,
    ) -> Result<Arc<Node>> {
        if above.depth >= MAX_DEPTH {
            return Err(Error::ChainTooDeep(MAX_DEPTH));
        }
        let settings = Settings::new(above, GivenOptions::from(options));
        settings.common.check()?;
        let node_name = options.node_name.clone();
        match &options.driver {
            BlockdevDriverOptions::Blkdebug(options) => {
                self.open_blkdebug(node_name, settings, options)
            }
            BlockdevDriverOptions::Compress(options) => {
                self.open_compress(node_name, settings, options)
            }
            BlockdevDriverOptions::CopyOnRead(options) => {
                self.open_copy_on_read(node_name, settings, options)
            }
            BlockdevDriverOptions::File(options) => {
                self.open_file(node_name, settings, HostFileKind::File, options)
            }
            BlockdevDriverOptions::HostCdrom(options) => {
                self.open_file(node_name, settings, HostFileKind::HostCdrom, options)
            }
            BlockdevDriverOptions::HostDevice(options) => {
                self.open_file(node_name, settings, HostFileKind::HostDevice, options)
            }
            BlockdevDriverOptions::Raw(options) => self.open_raw(node_name, settings, options),
            BlockdevDriverOptions::Preallocate(options) => {
                self.open_preallocate(node_name, settings, options)
            }
            BlockdevDriverOptions::Throttle(options) => {
                self.open_throttle(node_name, settings, options)
            }
            BlockdevDriverOptions::Qcow2(options) => {
                self.open_qcow2(node_name, settings, options)
            }
            BlockdevDriverOptions::NullCo(options) => {
                self.open_null(node_name, settings, options)
            }
        }
    }

    /// Finds or opens a child.
    pub(super) fn open_child(
        &mut self,
        child: &BlockdevRef,
        above: CommonOptions,
    ) -> Result<Arc<Node>> {
        match child {
            BlockdevRef::Reference(name) => self.find_child(name, above),
            BlockdevRef::Definition(options) => self.open(options, above),
        }
    }

    /// Finds a node that exists, as a child.
    pub(super) fn find_child(&self, name: &str, above: CommonOptions) -> Result<Arc<Node>> {
        let node = self.find(name)?;
        check_depth(above.depth, &node)?;
        Ok(node)
    }

    /// Finds an open node, or one of this tree.
    pub(super) fn find(&self, name: &str) -> Result<Arc<Node>> {
        let is_own = self.created.iter().any(|own| own.name == name);
        let node = self.graph.with_state(|state| {
            let entry = if is_own { state.entries.get(name) } else { state.find(name) };
            entry.map(|entry| Arc::clone(&entry.node))
        });
        node.ok_or_else(|| Error::no_device_or_node(name))
    }

    /// Reserves the name of a node that is about to be opened.
    pub(super) fn name(&mut self, given: Option<String>) -> Result<String> {
        let pending = self.graph.with_state(|state| state.reserve_name(given))?;
        let name = pending.name.clone();
        self.created.push(pending);
        Ok(name)
    }

    fn open_file(
        &mut self,
        name: Option<String>,
        mut settings: Settings,
        kind: HostFileKind,
        options: &BlockdevOptionsFile,
    ) -> Result<Arc<Node>> {
        let common = &mut settings.common;
        let name = self.name(name)?;
        if options.needs_direct() && !common.cache.direct {
            return Err(Error::needs_direct());
        }
        let mode = |writable| HostFileMode {
            writable,
            direct: common.cache.direct,
            locking: options.locking.unwrap_or_default(),
            no_flush: common.cache.no_flush,
        };
        let mut opened = HostFile::open(&options.filename, kind, mode(!common.read_only));
        let mut write_error = None;
        if !common.read_only && common.auto_read_only {
            write_error = write_protection(&opened);
        }
        if write_error.is_some() {
            common.read_only = true;
            opened = HostFile::open(&options.filename, kind, mode(false));
        }
        let file = Arc::new(opened?);
        let driver = match kind {
            HostFileKind::File => Driver::File,
            HostFileKind::HostCdrom => Driver::HostCdrom,
            HostFileKind::HostDevice => Driver::HostDevice,
        };
        let image = raw_image(Arc::clone(&file).into(), common.raw_mode(driver));
        let mut node = Node::new(name, driver, settings, image);
        node.host_file = Some(file);
        node.write_error = write_error;
        node.file_options = Some(options.clone());
        Ok(self.insert(node))
    }

    fn open_null(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsNull,
    ) -> Result<Arc<Node>> {
        let common = settings.common;
        let name = self.name(name)?;
        let size = options.size_bytes()?;
        let storage = NullStorage::new(whole_sectors(size.unwrap_or(NULL_SIZE))?);
        let image = raw_image(Storage::new(storage), common.raw_mode(Driver::NullCo));
        let mut node = Node::new(name, Driver::NullCo, settings, image);
        node.range =
            RwLock::new(RangeOptions { offset: None, size, read_zeroes: options.read_zeroes });
        Ok(self.insert(node))
    }

    fn open_raw(
        &mut self,
        name: Option<String>,
        settings: Settings,
        options: &BlockdevOptionsRaw,
    ) -> Result<Arc<Node>> {
        let common = settings.common;
        let file = self.open_child(&options.format.file, common.for_file())?;
        let name = self.name(name)?;
        let range = RangeOptions::of_raw(options)?;
        let role = if range.is_part() { Role::FilePart } else { Role::File };
        self.attach(&name, Driver::Raw, common, &file, role)?;
        check_range(&file, range)?;
        let below = file.child_storage();
        let inner = Storage::from(Arc::clone(&below));
        let slice = Arc::new(StorageSlice::new(inner.clone(), range.slice()));
        let storage = EventStorage::over(Arc::clone(&slice).into(), &inner);
        let image = raw_image(storage, common.raw_mode(Driver::Raw));
        let mut node = Node::new(name, Driver::Raw, settings, image);
        node.file = RwLock::new(Some(file));
        node.file_storage = Some(below);
        node.range = RwLock::new(range);
        node.slice = Some(slice);
        Ok(self.insert(node))
    }

    /// Attaches a child to a node, which takes permissions and image locks. A child that was opened
    /// for the node is reopened with it.
    pub(super) fn attach(
        &mut self,
        name: &str,
        driver: Driver,
        common: CommonOptions,
        child: &Arc<Node>,
        role: Role,
    ) -> Result<()> {
        check_active(child, role, name, common.active)?;
        let user = User::Node {
            name: name.to_owned(),
            driver,
            active: common.active,
            writable: common.writable(),
            force_share: common.force_share == Some(true),
            merges: false,
        };
        // The first node that refers to a child owns it.
        let is_known = self.owned.iter().any(|(known, _)| Arc::ptr_eq(known, child));
        let is_own = || self.created.iter().any(|own| own.name == child.name());
        if !is_known && is_own() {
            self.owned.push((Arc::clone(child), name.to_owned()));
        }
        let attached = self.graph.with_state(|state| state.attach(child, Use { user, role }));
        attached.map_err(|error| match (error, child.write_error, child.path()) {
            // The parent writes, and the file could not be opened for writing.
            (Error::NodeReadOnly, Some(errno), Some(path)) => {
                let source = io::Error::from_raw_os_error(errno);
                Error::OpenFile { path: path.to_owned(), source }
            }
            (other, _, _) => other,
        })
    }

    pub(super) fn insert(&self, node: Node) -> Arc<Node> {
        let node = Arc::new(node);
        for (child, _) in self.owned.iter().filter(|(_, parent)| parent == node.name()) {
            let _ = child.opened_for.set(Arc::downgrade(&node));
        }
        self.graph.with_state(|state| state.insert(Arc::clone(&node)));
        node
    }
}

/// The size of a node whose driver reports this size. As in QEMU, a node ends with a whole sector.
///
/// # Errors
/// [`Error::While`] for a size beyond [`SIZE_MAX`].
fn whole_sectors(size: u64) -> Result<u64> {
    if size > SIZE_MAX {
        let what = "Could not refresh total sector count".into();
        return Err(Error::While { what, source: Errno::FBIG.into() });
    }
    Ok(size.next_multiple_of(SECTOR_SIZE))
}

pub(super) fn raw_image(storage: Storage, mode: RawMode) -> Image {
    Image::Raw(RawImage::new(storage, mode))
}

#[cfg(any(test, feature = "test-util"))]
impl Graph {
    /// Adds a node for an image that a test has opened.
    ///
    /// # Panics
    /// If the name is taken.
    pub(crate) fn add_image(&self, name: &str, image: Image) -> Arc<Node> {
        let settings = Settings::new(CommonOptions::of_root(true), GivenOptions::default());
        let node = Arc::new(Node::new(name.to_owned(), Driver::NullCo, settings, image));
        self.with_state(|state| {
            let pending = state.reserve_name(Some(name.to_owned())).expect("the name is free");
            state.insert(Arc::clone(&node));
            state.publish(&[pending]);
        });
        node
    }
}

/// The error number of a file that could not be opened because it is not writable.
fn write_protection(opened: &Result<HostFile>) -> Option<i32> {
    let Err(Error::OpenFile { source, .. }) = opened else { return None };
    let is_protected = matches!(
        source.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    );
    source.raw_os_error().filter(|_| is_protected)
}
