//! Bytes below an image: host files, and everything else that an image can be stored in.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::PreallocateMode;
use imago::storage::drivers::CommonStorageHelper;
use imago::{DynStorage, Storage as ImagoStorage, StorageExt};

use super::blkdebug::rules::Rules;
use super::extent::Extent;

/// A storage of the image library that also reports its block status.
pub trait BlockStorage: DynStorage {
    /// The block status from `offset` on, for 1 to `length` bytes. `length` is more than 0 and the
    /// range lies within the storage. By default, all bytes are allocated and may be data.
    ///
    /// # Errors
    /// Those of the storage below.
    fn extent(&self, _offset: u64, length: u64) -> io::Result<Extent> {
        Ok(Extent { length, zero: false, allocated: true })
    }

    /// The rules of the blkdebug node to which requests pass directly, if there is one. An image on
    /// such a storage reports its events to them.
    fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        None
    }
}

impl BlockStorage for imago::null::Null {}

/// A handle to a storage. Clones are handles to the same storage.
///
/// The image library wants one storage type for all images of a chain. This type stands for a
/// [`HostFile`](super::host_file::HostFile), a range of another storage, another image, and so on.
#[derive(Clone, Debug)]
pub struct Storage(Arc<dyn BlockStorage>);

impl Storage {
    /// A handle to a new storage.
    pub fn new(storage: impl BlockStorage) -> Self {
        Storage(Arc::new(storage))
    }

    /// The size in bytes.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn size(&self) -> io::Result<u64> {
        self.0.dyn_size()
    }

    /// Reads from `offset` until `buffer` is full. Bytes beyond the end read as zeroes.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        StorageExt::read(self, buffer, offset)
    }

    /// Writes all of `data` at `offset`.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        StorageExt::write(self, data, offset)
    }

    /// Makes a range read as zeroes. May free its space.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        StorageExt::write_zeroes(self, offset, length)
    }

    /// Makes a range read as zeroes, and leaves its space allocated.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn write_allocated_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        StorageExt::write_allocated_zeroes(self, offset, length)
    }

    /// Flushes all completed writes to the page cache of the host.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn flush(&self) -> io::Result<()> {
        self.0.dyn_flush()
    }

    /// Flushes all completed writes to the disk.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn sync(&self) -> io::Result<()> {
        self.0.dyn_sync()
    }

    /// Changes the size. New bytes read as zeroes.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] for a storage of fixed size; or those of the storage.
    pub fn resize(&self, size: u64, preallocation: PreallocateMode) -> io::Result<()> {
        self.0.dyn_resize(size, preallocation)
    }

    /// As [`BlockStorage::extent`].
    ///
    /// # Errors
    /// As for [`BlockStorage::extent`].
    pub fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.0.extent(offset, length)
    }

    /// As [`BlockStorage::blkdebug_rules`].
    pub fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        self.0.blkdebug_rules()
    }
}

impl<S: BlockStorage> From<Arc<S>> for Storage {
    fn from(storage: Arc<S>) -> Self {
        Storage(storage)
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ImagoStorage for Storage {
    fn mem_align(&self) -> usize {
        self.0.dyn_mem_align()
    }

    fn req_align(&self) -> usize {
        self.0.dyn_req_align()
    }

    fn zero_align(&self) -> usize {
        self.0.dyn_zero_align()
    }

    fn discard_align(&self) -> usize {
        self.0.dyn_discard_align()
    }

    fn size(&self) -> io::Result<u64> {
        self.0.dyn_size()
    }

    fn resolve_relative_path<P: AsRef<Path>>(&self, relative: P) -> io::Result<PathBuf> {
        self.0.dyn_resolve_relative_path(relative.as_ref())
    }

    fn get_filename(&self) -> Option<PathBuf> {
        self.0.dyn_get_filename()
    }

    unsafe fn pure_readv(&self, bufv: IoVectorMut<'_>, offset: u64) -> io::Result<()> {
        // SAFETY: the caller upholds the contract of the inner method, which is the same: this
        // object reports the alignment and has the write blockers of the storage behind it.
        unsafe { self.0.dyn_pure_readv(bufv, offset) }
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        // SAFETY: as for `pure_readv`.
        unsafe { self.0.dyn_pure_writev(bufv, offset) }
    }

    unsafe fn pure_write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        // SAFETY: as for `pure_readv`.
        unsafe { self.0.dyn_pure_write_zeroes(offset, length) }
    }

    unsafe fn pure_write_allocated_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        // SAFETY: as for `pure_readv`.
        unsafe { self.0.dyn_pure_write_allocated_zeroes(offset, length) }
    }

    unsafe fn pure_discard(&self, offset: u64, length: u64) -> io::Result<()> {
        // SAFETY: as for `pure_readv`.
        unsafe { self.0.dyn_pure_discard(offset, length) }
    }

    fn flush(&self) -> io::Result<()> {
        self.0.dyn_flush()
    }

    fn sync(&self) -> io::Result<()> {
        self.0.dyn_sync()
    }

    fn settle_writes(&self) -> io::Result<()> {
        self.0.dyn_settle_writes()
    }

    unsafe fn invalidate_cache(&self) -> io::Result<()> {
        // SAFETY: the caller upholds the contract of the inner method, which is the same.
        unsafe { self.0.dyn_invalidate_cache() }
    }

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        self.0.dyn_get_storage_helper()
    }

    fn resize(&self, new_size: u64, prealloc_mode: PreallocateMode) -> io::Result<()> {
        self.0.dyn_resize(new_size, prealloc_mode)
    }
}
