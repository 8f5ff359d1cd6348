//! Filters: storages that pass requests on to another one, and change how these are made.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::blkdebug::rules::Rules;
use super::extent::Extent;
use super::storage::{BlockStorage, Preallocation, Storage, ZeroMode};

/// What a filter does to the requests that pass through it. By default, it passes them on.
///
/// The methods have the meaning of those of [`BlockStorage`]. `below` is the storage to which the
/// requests go.
pub(crate) trait RequestFilter: fmt::Debug + Send + Sync + 'static {
    /// As [`BlockStorage::size`].
    ///
    /// # Errors
    /// Those of the storage below.
    fn size(&self, below: &Storage) -> io::Result<u64> {
        below.size()
    }

    /// As [`BlockStorage::read`].
    ///
    /// # Errors
    /// Those of the storage below.
    fn read(&self, below: &Storage, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        below.read(offset, buffer)
    }

    /// As [`BlockStorage::write`].
    ///
    /// # Errors
    /// Those of the storage below.
    fn write(&self, below: &Storage, offset: u64, data: &[u8]) -> io::Result<()> {
        below.write(offset, data)
    }

    /// As [`BlockStorage::write_compressed`].
    ///
    /// # Errors
    /// Those of the storage below.
    fn write_compressed(&self, below: &Storage, offset: u64, data: &[u8]) -> io::Result<()> {
        below.write_compressed(offset, data)
    }

    /// As [`BlockStorage::write_zeroes`].
    ///
    /// # Errors
    /// Those of the storage below.
    fn write_zeroes(
        &self,
        below: &Storage,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> io::Result<()> {
        below.zero(offset, length, mode)
    }

    /// As [`BlockStorage::discard`].
    ///
    /// # Errors
    /// Those of the storage below.
    fn discard(&self, below: &Storage, offset: u64, length: u64) -> io::Result<()> {
        below.discard(offset, length)
    }

    /// As [`BlockStorage::resize`].
    ///
    /// # Errors
    /// Those of the storage below.
    fn resize(&self, below: &Storage, size: u64, preallocation: Preallocation) -> io::Result<()> {
        below.resize(size, preallocation)
    }
}

/// A storage whose requests pass through a filter to another one.
#[derive(Debug)]
pub(crate) struct FilteredStorage<F> {
    below: Storage,
    filter: F,
}

impl<F: RequestFilter> FilteredStorage<F> {
    /// Puts a filter in front of `below`.
    pub(crate) fn new(below: Storage, filter: F) -> Self {
        FilteredStorage { below, filter }
    }
}

impl<F: RequestFilter> fmt::Display for FilteredStorage<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.below.fmt(f)
    }
}

impl<F: RequestFilter> BlockStorage for FilteredStorage<F> {
    fn size(&self) -> io::Result<u64> {
        self.filter.size(&self.below)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.filter.read(&self.below, offset, buffer)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.filter.write(&self.below, offset, data)
    }

    fn write_compressed(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.filter.write_compressed(&self.below, offset, data)
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        self.filter.write_zeroes(&self.below, offset, length, mode)
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.filter.discard(&self.below, offset, length)
    }

    fn flush(&self) -> io::Result<()> {
        self.below.flush()
    }

    fn sync(&self) -> io::Result<()> {
        self.below.sync()
    }

    fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        self.filter.resize(&self.below, size, preallocation)
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.below.extent(offset, length)
    }

    fn copy_on_read(&self, offset: u64, length: u64) -> io::Result<()> {
        self.below.copy_on_read(offset, length)
    }

    fn cluster_size(&self) -> Option<u64> {
        self.below.cluster_size()
    }

    fn request_alignment(&self) -> u64 {
        self.below.request_alignment()
    }

    fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        self.below.blkdebug_rules()
    }
}
