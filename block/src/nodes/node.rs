//! A node of the block graph.

use std::sync::{Arc, OnceLock, Weak};

use parking_lot::RwLock;

use super::blkdebug_options::Blkdebug;
use super::child_storage::{ChildLink, ChildStorage};
use super::driver::Driver;
use super::filter_state::FilterState;
use super::frozen_chain::{FrozenChain, FrozenLinks};
use super::inherit::{CacheMode, Settings};
use super::range::RangeOptions;
use super::watch::WriteLock;
use crate::image::Image;
use crate::image::host_file::HostFile;
use crate::image::permissions::AccessMode;
use crate::image::preallocate::Preallocate;
use crate::image::qcow2::Qcow2Image;
use crate::image::qcow2::header::Header;
use crate::image::slice::StorageSlice;
use crate::image::storage::Storage;
use crate::image::watched::WatchedStorage;
use crate::options::{BlockdevDetectZeroesOptions, BlockdevDiscardOptions, BlockdevOptionsFile};
use crate::throttle::ThrottleMember;

/// The backing file of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Backing {
    /// The backing node.
    pub(super) node: Option<Arc<Node>>,
    /// The name in the header of the image. If the backing node was opened from that name, this
    /// is the name of the image of the backing node instead.
    pub(super) named: Option<String>,
}

/// A node of the block graph: a name, a driver, and an open image.
///
/// The methods that do input or output block: call them from worker threads, or make the requests
/// through an [`AsyncNode`](super::AsyncNode).
#[derive(Debug)]
pub struct Node {
    pub(super) name: String,
    pub(super) driver: Driver,
    pub(super) settings: Arc<RwLock<Settings>>,
    /// The node for which this one was opened, unless a client owns the node.
    pub(super) opened_for: OnceLock<Weak<Node>>,
    /// The file of a file node.
    pub(super) host_file: Option<Arc<HostFile>>,
    /// The error number of opening the file for writing, if `auto-read-only` made the node
    /// read-only.
    pub(super) write_error: Option<i32>,
    /// The options of a file node.
    pub(super) file_options: Option<BlockdevOptionsFile>,
    /// The options of a raw node or a null node.
    pub(super) range: RwLock<RangeOptions>,
    /// The range of the file that a raw node shows.
    pub(super) slice: Option<Arc<StorageSlice>>,
    /// The chain that a copy-on-read node keeps as it is.
    pub(super) frozen_chain: Option<FrozenChain>,
    /// The number of copy-on-read nodes that freeze the link to the next node of the chain.
    pub(super) frozen_links: Arc<FrozenLinks>,
    /// The state of a filter with options that can change.
    pub(super) filter_state: Option<FilterState>,
    /// The options of a blkdebug node.
    pub(super) blkdebug: Option<Blkdebug>,
    pub(super) file: RwLock<Option<Arc<Node>>>,
    /// The storage of `file`, or of the child of a filter, for the image of the node.
    pub(super) file_storage: Option<Arc<ChildStorage>>,
    /// The external data file.
    pub(super) data_file: RwLock<Option<Arc<Node>>>,
    /// The storage of `data_file`, for the image of the node.
    pub(super) data_storage: Option<Arc<ChildStorage>>,
    pub(super) backing: RwLock<Backing>,
    /// The target of a backup, for the filter of the backup.
    pub(super) target: Option<Arc<Node>>,
    pub(super) image: Image,
    pub(super) writes: WriteLock,
}

impl Node {
    /// A node without children.
    pub(super) fn new(name: String, driver: Driver, settings: Settings, image: Image) -> Self {
        let writes = WriteLock::new(image.dirty_bitmaps());
        Node {
            name,
            driver,
            settings: Arc::new(RwLock::new(settings)),
            opened_for: OnceLock::new(),
            host_file: None,
            write_error: None,
            file_options: None,
            range: RwLock::default(),
            slice: None,
            filter_state: None,
            frozen_chain: None,
            frozen_links: Arc::default(),
            blkdebug: None,
            file: RwLock::default(),
            file_storage: None,
            data_file: RwLock::default(),
            data_storage: None,
            backing: RwLock::default(),
            target: None,
            image,
            writes,
        }
    }

    /// The name, given or generated.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The driver.
    pub fn driver(&self) -> Driver {
        self.driver
    }

    /// Whether writes are refused.
    pub fn is_read_only(&self) -> bool {
        self.settings.read().common.read_only
    }

    /// Whether the node is active. The image of an inactive node may be written by another
    /// program.
    pub fn is_active(&self) -> bool {
        self.settings.read().common.active
    }

    /// Whether the node is active and not read-only.
    pub(super) fn is_writable(&self) -> bool {
        self.settings.read().common.writable()
    }

    /// Whether the node may be written.
    pub fn access_mode(&self) -> AccessMode {
        AccessMode::from_writable(!self.is_read_only())
    }

    /// How the host caches.
    pub fn cache(&self) -> CacheMode {
        self.settings.read().common.cache
    }

    /// How requests to discard are handled.
    pub fn discard(&self) -> BlockdevDiscardOptions {
        self.settings.read().common.discard
    }

    /// How writes of zeroes are handled.
    pub fn detect_zeroes(&self) -> BlockdevDetectZeroesOptions {
        self.settings.read().common.detect_zeroes
    }

    /// Whether all permissions are shared with others.
    pub(super) fn force_share(&self) -> bool {
        self.settings.read().common.force_share == Some(true)
    }

    /// Whether a client owns the node: it was not opened for a node above.
    pub(super) fn monitor_owned(&self) -> bool {
        self.settings.read().common.monitor_owned
    }

    /// Whether the node was opened for `parent`.
    pub(super) fn is_opened_for(&self, parent: &Node) -> bool {
        self.opened_for.get().is_some_and(|known| std::ptr::eq(known.as_ptr(), parent))
    }

    /// The path of a file node, as given by the client.
    pub(super) fn path(&self) -> Option<&str> {
        self.file_options.as_ref().map(|options| options.filename.as_str())
    }

    /// The node in which this node is stored.
    pub fn file(&self) -> Option<Arc<Node>> {
        self.file.read().clone()
    }

    /// The external data file.
    pub fn data_file(&self) -> Option<Arc<Node>> {
        self.data_file.read().clone()
    }

    /// The child of a blkdebug node.
    pub(super) fn blkdebug_image(&self) -> Option<Arc<Node>> {
        self.file().filter(|_| self.driver() == Driver::Blkdebug)
    }

    /// The storage of the node for a node above, which can replace it by that of another node.
    pub(super) fn child_storage(&self) -> Arc<ChildStorage> {
        ChildStorage::new(self.child_link())
    }

    /// The image of the node for nodes above. It bypasses the filters of jobs, which pass all
    /// requests on.
    fn child_link(&self) -> ChildLink {
        let link = |node: &Node| ChildLink {
            image: node.image.storage(),
            writes: node.writes.clone(),
            settings: Arc::clone(&node.settings),
        };
        let mut below = self.filtered_by_job();
        while let Some(next) = below.as_ref().and_then(|node| node.filtered_by_job()) {
            below = Some(next);
        }
        below.as_deref().map_or_else(|| link(self), link)
    }

    /// Replaces the node in which this node is stored. Returns the former one.
    pub(super) fn set_file(&self, child: &Arc<Node>) -> Option<Arc<Node>> {
        self.link_storage(child);
        self.file.write().replace(Arc::clone(child))
    }

    /// Lets the image of the node read and write another child.
    pub(super) fn link_storage(&self, child: &Node) {
        if let Some(storage) = &self.file_storage {
            storage.set(child.child_link());
        }
    }

    /// Replaces the external data file by another node with the same contents.
    pub(super) fn set_data_file(&self, child: &Arc<Node>) {
        if let Some(storage) = &self.data_storage {
            storage.set(child.child_link());
        }
        *self.data_file.write() = Some(Arc::clone(child));
    }

    /// The node whose data this node shows where it has none of its own: the filtered child, or
    /// the backing node.
    pub(super) fn filtered_or_backing(&self) -> Option<Arc<Node>> {
        self.filtered().or_else(|| self.backing())
    }

    /// The membership of a throttle node in its group.
    pub(super) fn throttle_member(&self) -> Option<Arc<ThrottleMember>> {
        match &self.filter_state {
            Some(FilterState::Throttle(throttle)) => Some(throttle.member()),
            Some(FilterState::Preallocate(_)) | None => None,
        }
    }

    pub(super) fn preallocate(&self) -> Option<&Preallocate> {
        match &self.filter_state {
            Some(FilterState::Preallocate(preallocate)) => Some(preallocate),
            Some(FilterState::Throttle(_)) | None => None,
        }
    }

    /// Whether a copy-on-read node freezes the link to the next node of the chain.
    pub(super) fn is_frozen_by_node(&self) -> bool {
        self.frozen_links.is_frozen() || self.frozen_chain.is_some()
    }

    /// All children of the node.
    pub(super) fn children(&self) -> impl Iterator<Item = Arc<Node>> {
        self.file().into_iter().chain(self.data_file()).chain(self.backing())
    }

    /// The backing node, which provides the data of unallocated ranges.
    pub fn backing(&self) -> Option<Arc<Node>> {
        self.backing.read().node.clone()
    }

    /// The filtered child, if this node is a filter.
    pub fn filtered(&self) -> Option<Arc<Node>> {
        match self.driver {
            Driver::Filter(_) => self.file(),
            _other => self.filtered_by_job(),
        }
    }

    /// The filtered child, if this node is the filter of a job.
    pub(super) fn filtered_by_job(&self) -> Option<Arc<Node>> {
        self.backing().filter(|_| self.driver.is_job_filter())
    }

    /// Whether the header of the image names a backing file, open or not.
    pub fn names_backing(&self) -> bool {
        self.qcow2_header().is_some_and(|header| header.backing_file().is_some())
    }

    /// The cluster size of the image in bytes, if the image has clusters.
    pub fn cluster_size(&self) -> Option<u64> {
        match self.driver {
            Driver::Qcow2 => self.qcow2_header().map(|header| header.cluster_size()),
            Driver::Blkdebug | Driver::Raw | Driver::Filter(_) => self.file()?.cluster_size(),
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => self.backing()?.cluster_size(),
            Driver::File | Driver::HostCdrom | Driver::HostDevice | Driver::NullCo => None,
        }
    }

    pub(super) fn qcow2_image(&self) -> Option<&Qcow2Image> {
        match &self.image {
            Image::Raw(_) => None,
            Image::Qcow2(image) => Some(image),
        }
    }

    pub(super) fn qcow2_header(&self) -> Option<Arc<Header>> {
        self.qcow2_image().map(Qcow2Image::header)
    }

    /// Runs `work` with the file of a file node. Returns `None` for other nodes.
    pub(super) fn with_host_file<T>(&self, work: impl FnOnce(&HostFile) -> T) -> Option<T> {
        self.host_file.as_deref().map(work)
    }

    /// Takes the handles to all nodes below.
    fn take_children(&mut self) -> Vec<Arc<Node>> {
        let children = [
            self.file.get_mut().take(),
            self.data_file.get_mut().take(),
            self.backing.get_mut().node.take(),
            self.target.take(),
        ];
        children.into_iter().flatten().collect()
    }

    /// The storage of the node, for nodes above and for the creation of images in the node.
    /// Watchers see all writes to it.
    pub(crate) fn storage(&self) -> Storage {
        let observer = Arc::new(self.writes.clone());
        Storage::new(WatchedStorage::new(self.image.storage(), observer))
    }
}

/// Releases the nodes below one after the other. The children of a child could otherwise be
/// released by recursion, through the nodes and through their images, along a whole chain.
impl Drop for Node {
    fn drop(&mut self) {
        let mut released = self.take_children();
        // The images below stay open, because their nodes are in `released`.
        drop(std::mem::replace(&mut self.image, Image::empty()));
        while let Some(node) = released.pop() {
            if let Some(mut node) = Arc::into_inner(node) {
                released.extend(node.take_children());
            }
        }
    }
}
