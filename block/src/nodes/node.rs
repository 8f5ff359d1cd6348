//! A node of the block graph.

use super::blkdebug_options::Blkdebug;
use super::driver::Driver;
use super::inherit::{CacheMode, Settings};
use super::watch::{Write, WriteGuard, WriteLock};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::image::extent::Extent;
use crate::image::host_file::HostFile;
use crate::image::qcow2::header::Header;
use crate::image::storage::Storage;
use crate::image::watched::WatchedStorage;
use crate::options::{BlockdevDetectZeroesOptions, BlockdevDiscardOptions, BlockdevOptionsFile};
use parking_lot::RwLock;
use std::sync::{Arc, OnceLock, Weak};

/// What the client said of the contents of a raw node or a null node, which is part of its name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    pub(super) offset: Option<u64>,
    pub(super) size: Option<u64>,
    /// Whether reads of a null node are said to give zeroes. They always do.
    pub(super) read_zeroes: Option<bool>,
}

impl Part {
    /// Whether the client said nothing.
    pub(super) fn is_all(self) -> bool {
        self.offset.is_none() && self.size.is_none() && self.read_zeroes.is_none()
    }
}

/// What shows through where a node has nothing of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Backing {
    /// The node.
    pub(super) node: Option<Arc<Node>>,
    /// What the header of the image names; as the node that it led to is called, if it was opened
    /// because of that.
    pub(super) named: Option<String>,
}

/// A node of the block graph: a name, a driver, and an open image.
///
/// The calls for input and output block; make them from worker threads.
#[derive(Debug)]
pub struct Node {
    pub(super) name: String,
    pub(super) driver: Driver,
    pub(super) settings: RwLock<Settings>,
    /// The node for which this one was opened, unless a client asked for this one itself.
    pub(super) opened_for: OnceLock<Weak<Node>>,
    /// The file of a file node.
    pub(super) host_file: Option<Arc<HostFile>>,
    /// What the client said of a file node.
    pub(super) file_options: Option<BlockdevOptionsFile>,
    /// The part of its file that a raw node shows, or what a null node is, if the client said so.
    pub(super) part: Part,
    /// How a node fails on demand, if it does.
    pub(super) blkdebug: Option<Blkdebug>,
    pub(super) file: RwLock<Option<Arc<Node>>>,
    /// Where the data are, if they are not in the file.
    pub(super) data_file: RwLock<Option<Arc<Node>>>,
    pub(super) backing: RwLock<Backing>,
    /// Where a filter of a backup copies to.
    pub(super) target: Option<Arc<Node>>,
    pub(super) image: Image,
    pub(super) writes: WriteLock,
}

impl Node {
    /// A node that stands on no other yet.
    pub(super) fn new(name: String, driver: Driver, settings: Settings, image: Image) -> Self {
        Node {
            name,
            driver,
            settings: RwLock::new(settings),
            opened_for: OnceLock::new(),
            host_file: None,
            file_options: None,
            part: Part::default(),
            blkdebug: None,
            file: RwLock::default(),
            data_file: RwLock::default(),
            backing: RwLock::default(),
            target: None,
            image,
            writes: WriteLock::default(),
        }
    }

    /// The name, given or made up.
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

    /// How the host caches.
    pub fn cache(&self) -> CacheMode {
        self.settings.read().common.cache
    }

    /// What becomes of requests to discard.
    pub fn discard(&self) -> BlockdevDiscardOptions {
        self.settings.read().common.discard
    }

    /// How writes of nothing but zeroes are treated.
    pub fn detect_zeroes(&self) -> BlockdevDetectZeroesOptions {
        self.settings.read().common.detect_zeroes
    }

    /// Whether others may do to the image whatever they like.
    pub(super) fn force_share(&self) -> bool {
        self.settings.read().common.force_share == Some(true)
    }

    /// Whether a client asked for the node itself, rather than for one above it.
    pub(super) fn monitor_owned(&self) -> bool {
        self.settings.read().common.monitor_owned
    }

    /// Whether the node was opened for that other one.
    pub(super) fn is_opened_for(&self, parent: &Node) -> bool {
        self.opened_for.get().is_some_and(|known| std::ptr::eq(known.as_ptr(), parent))
    }

    /// The path of a file node, as the client wrote it.
    pub(super) fn path(&self) -> Option<&str> {
        self.file_options.as_ref().map(|options| options.filename.as_str())
    }

    /// The node that this one is stored in.
    pub fn file(&self) -> Option<Arc<Node>> {
        self.file.read().clone()
    }

    /// The node that this one has its data in, apart from its tables.
    pub fn data_file(&self) -> Option<Arc<Node>> {
        self.data_file.read().clone()
    }

    /// The node that this one shows with faults on demand, if that is what it does.
    pub(super) fn blkdebug_image(&self) -> Option<Arc<Node>> {
        self.file().filter(|_| self.driver() == Driver::Blkdebug)
    }

    /// The nodes that this one stands on.
    pub(super) fn children(&self) -> impl Iterator<Item = Arc<Node>> {
        self.file().into_iter().chain(self.data_file()).chain(self.backing())
    }

    /// The node that shows through where this one has nothing of its own.
    pub fn backing(&self) -> Option<Arc<Node>> {
        self.backing.read().node.clone()
    }

    /// The node that this one shows unchanged, if it is a filter.
    pub fn filtered(&self) -> Option<Arc<Node>> {
        self.backing().filter(|_| self.driver.is_filter())
    }

    /// Whether the image names a backing file, be that open or not.
    pub fn names_backing(&self) -> bool {
        self.qcow2_header().is_some_and(|header| header.backing_file().is_some())
    }

    /// Bytes in a cluster of the image; none for images without clusters.
    pub fn cluster_size(&self) -> Option<u64> {
        match self.driver {
            Driver::Qcow2 => self.qcow2_header().map(|header| header.cluster_size()),
            Driver::Blkdebug | Driver::Raw => self.file()?.cluster_size(),
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => self.backing()?.cluster_size(),
            Driver::File | Driver::NullCo => None,
        }
    }

    pub(super) fn qcow2_header(&self) -> Option<Arc<Header>> {
        match &self.image {
            Image::Raw(_) => None,
            Image::Qcow2(image) => Some(image.header()),
        }
    }

    /// The size that a guest would see, in bytes.
    ///
    /// # Errors
    /// [`Error::Io`] when the storage cannot say.
    pub fn size(&self) -> Result<u64> {
        Ok(self.image.size()?)
    }

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// [`Error::Io`], beyond the end of the image too.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        Ok(self.image.read(offset, buffer)?)
    }

    /// Writes all of `buffer` from `offset` on.
    ///
    /// # Errors
    /// [`Error::NodeReadOnly`]; [`Error::Io`], beyond the end of the image too.
    pub fn write(&self, offset: u64, buffer: &[u8]) -> Result<()> {
        self.write_guarded(&self.writes.begin_write(), offset, buffer)
    }

    pub(super) fn write_guarded(
        &self,
        guard: &WriteGuard<'_>,
        offset: u64,
        buffer: &[u8],
    ) -> Result<()> {
        self.check_writable()?;
        let detected = match self.detect_zeroes() {
            BlockdevDetectZeroesOptions::Off => false,
            BlockdevDetectZeroesOptions::On | BlockdevDetectZeroesOptions::Unmap => {
                is_zero(buffer)
            }
        };
        let mut perform = || match detected {
            true => Ok(self.image.write_zeroes(offset, buffer.len() as u64)?),
            false => Ok(self.image.write(offset, buffer)?),
        };
        guard.run(Write::data(offset, buffer), &mut perform)
    }

    /// Whether compressed data can be written to the node.
    pub fn compresses(&self) -> bool {
        match self.driver {
            Driver::Qcow2 => true,
            Driver::Blkdebug
            | Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite
            | Driver::File
            | Driver::Raw
            | Driver::NullCo => false,
        }
    }

    /// Writes whole clusters, compressed where that makes them smaller. The last one may be cut off
    /// by the end of the image.
    ///
    /// # Errors
    /// As [`Node::write`]; also where the image has data already that are not compressed, or is
    /// none that takes compressed data.
    pub fn write_compressed(&self, offset: u64, buffer: &[u8]) -> Result<()> {
        self.check_writable()?;
        let mut perform = || Ok(self.image.write_compressed(offset, buffer)?);
        self.writes.begin_write().run(Write::data(offset, buffer), &mut perform)
    }

    /// Makes the range read as zeroes, without writing them where the image can do so.
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn write_zeroes(&self, offset: u64, length: u64) -> Result<()> {
        self.write_zeroes_guarded(&self.writes.begin_write(), offset, length)
    }

    pub(super) fn write_zeroes_guarded(
        &self,
        guard: &WriteGuard<'_>,
        offset: u64,
        length: u64,
    ) -> Result<()> {
        self.check_writable()?;
        let mut perform = || Ok(self.image.write_zeroes(offset, length)?);
        guard.run(Write::zeroes(offset, length), &mut perform)
    }

    /// Has the image hold itself what it shows of its backing node in the range. What a user of the
    /// node sees stays the same.
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn copy_on_read(&self, offset: u64, length: u64) -> Result<()> {
        self.check_writable()?;
        Ok(self.image.copy_on_read(offset, length)?)
    }

    /// Makes all writes so far last, unless the node was opened with `no-flush`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn flush(&self) -> Result<()> {
        Ok(self.image.flush()?)
    }

    /// Makes the image larger; what is new reads as zeroes. Does nothing if it is as large.
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn grow(&self, size: u64) -> Result<()> {
        self.check_writable()?;
        Ok(self.image.grow(size)?)
    }

    /// What is known about the contents from `offset` on, without reading them: for 1 to `length`
    /// bytes, or 0 at the end of the image.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn block_status(&self, offset: u64, length: u64) -> Result<Extent> {
        Ok(self.image.extent(offset, length)?)
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        if self.is_read_only() { Err(Error::NodeReadOnly) } else { Ok(()) }
    }

    /// Bytes that the image takes up on the host, if a file is below.
    pub fn allocated_size(&self) -> Option<u64> {
        match self.driver {
            Driver::File => self.with_host_file(|file| file.allocated_size().ok()).flatten(),
            Driver::Raw | Driver::Qcow2 => self.file()?.allocated_size(),
            Driver::NullCo => Some(0),
            // As in QEMU, which takes it for a protocol that cannot say.
            Driver::Blkdebug => None,
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => self.backing()?.allocated_size(),
        }
    }

    /// Lets `work` have the file of a file node.
    pub(super) fn with_host_file<T>(&self, work: impl FnOnce(&HostFile) -> T) -> Option<T> {
        self.host_file.as_deref().map(work)
    }

    /// The bytes of the node, without regard to its size: for what stands on it, or is made in it.
    /// Watchers see what is written there.
    pub(crate) fn storage(&self) -> Storage {
        let observer = Arc::new(self.writes.clone());
        Storage::new(WatchedStorage::new(self.image.storage(), observer))
    }
}

/// Whether there is nothing but zeroes.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
