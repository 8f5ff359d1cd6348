//! A storage whose writes pass through an observer.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::blkdebug::rules::Rules;
use super::extent::Extent;
use super::storage::{BlockStorage, Preallocation, Storage, ZeroMode};

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
}

impl WatchedStorage {
    /// Puts an observer in front of `inner`.
    pub fn new(inner: Storage, observer: Arc<dyn WriteObserver>) -> Self {
        Self { inner, observer }
    }
}

impl fmt::Display for WatchedStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl BlockStorage for WatchedStorage {
    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, buffer)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut perform = || self.inner.write(offset, data);
        self.observer.observe(offset, data.len() as u64, Some(data), &mut perform)
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        let mut perform = || self.inner.zero(offset, length, mode);
        self.observer.observe(offset, length, None, &mut perform)
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        let mut perform = || self.inner.discard(offset, length);
        self.observer.observe(offset, length, None, &mut perform)
    }

    fn flush(&self) -> io::Result<()> {
        self.inner.flush()
    }

    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }

    fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        self.inner.resize(size, preallocation)
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.inner.extent(offset, length)
    }

    fn request_alignment(&self) -> u64 {
        self.inner.request_alignment()
    }

    fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        self.inner.blkdebug_rules()
    }
}
