//! A storage whose writes pass through an observer.

use std::fmt;
use std::io;
use std::sync::Arc;

use imago::Storage as ImagoStorage;
use imago::io_buffers::IoVector;
use imago::storage::drivers::CommonStorageHelper;

use super::blkdebug::rules::Rules;
use super::extent::Extent;
use super::forward::forward_reads;
use super::storage::{BlockStorage, Storage};

/// Intercepts the writes to a storage.
pub trait WriteObserver: fmt::Debug + Send + Sync + 'static {
    /// Carries out a write of `length` bytes, which `perform` makes. Without `data`, the bytes are
    /// zeroes.
    ///
    /// # Errors
    /// The error that the writer receives.
    fn observe(
        &self,
        offset: u64,
        length: u64,
        data: Option<&[u8]>,
        perform: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()>;
}

/// A storage whose writes pass through an observer.
#[derive(Debug)]
pub struct WatchedStorage {
    inner: Storage,
    observer: Arc<dyn WriteObserver>,
    helper: CommonStorageHelper,
}

impl WatchedStorage {
    /// Puts an observer in front of `inner`.
    pub fn new(inner: Storage, observer: Arc<dyn WriteObserver>) -> Self {
        Self { inner, observer, helper: CommonStorageHelper::default() }
    }
}

impl fmt::Display for WatchedStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl BlockStorage for WatchedStorage {
    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.inner.extent(offset, length)
    }

    fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        self.inner.blkdebug_rules()
    }
}

impl ImagoStorage for WatchedStorage {
    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, mut offset: u64) -> io::Result<()> {
        for buffer in bufv.into_inner() {
            let (data, length) = (&*buffer, buffer.len() as u64);
            // SAFETY: the caller observes the alignment that this object reports, which is that of
            // `inner`, for each buffer. The write blockers are those of this object.
            let mut perform = || unsafe { self.inner.pure_writev(data.into(), offset) };
            self.observer.observe(offset, length, Some(data), &mut perform)?;
            offset += length;
        }
        Ok(())
    }

    unsafe fn pure_write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        // SAFETY: as for `pure_writev`.
        let mut perform = || unsafe { self.inner.pure_write_zeroes(offset, length) };
        self.observer.observe(offset, length, None, &mut perform)
    }

    unsafe fn pure_write_allocated_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        // SAFETY: as for `pure_writev`.
        let mut perform = || unsafe { self.inner.pure_write_allocated_zeroes(offset, length) };
        self.observer.observe(offset, length, None, &mut perform)
    }

    unsafe fn pure_discard(&self, offset: u64, length: u64) -> io::Result<()> {
        // SAFETY: as for `pure_writev`.
        let mut perform = || unsafe { self.inner.pure_discard(offset, length) };
        self.observer.observe(offset, length, None, &mut perform)
    }

    forward_reads!(self => self.inner);

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }
}
