//! The requests to a node. All of them block.

use super::backing::unfiltered;
use super::driver::Driver;
use super::node::Node;
use super::watch::{Write, WriteGuard};
use crate::error::{Error, Result};
use crate::image::aligned_buffer::AlignedBuffer;
use crate::image::extent::{Extent, not_permitted};
use crate::image::storage::{Preallocation, ZeroMode};
use crate::image::zeroes::is_zero;
use crate::options::{BlockdevDetectZeroesOptions, BlockdevDiscardOptions};

impl Node {
    /// The size of the image in bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if the storage cannot determine it.
    pub fn size(&self) -> Result<u64> {
        Ok(self.image.size()?)
    }

    /// Reads from `offset` until `buffer` is full.
    ///
    /// # Errors
    /// [`Error::Io`], also for a range beyond the end of the image.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        Ok(self.image.read(offset, buffer)?)
    }

    /// Writes all of `buffer` at `offset`.
    ///
    /// # Errors
    /// [`Error::NodeReadOnly`]; [`Error::Io`], also for a range beyond the end of the image.
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
        let mode = match self.detect_zeroes() {
            BlockdevDetectZeroesOptions::Off => None,
            BlockdevDetectZeroesOptions::On => Some(ZeroMode::Allocated),
            BlockdevDetectZeroesOptions::Unmap => Some(ZeroMode::MayUnmap),
        };
        let detected = mode.filter(|_| is_zero(buffer));
        let mut perform = || match detected {
            Some(mode) => Ok(self.image.write_zeroes(offset, buffer.len() as u64, mode)?),
            None => Ok(self.image.write(offset, buffer)?),
        };
        guard.run(Write::data(offset, buffer), &mut perform)
    }

    /// Whether [`Node::write_compressed`] is supported.
    pub fn compresses(&self) -> bool {
        match self.driver {
            Driver::Qcow2 => true,
            Driver::Filter(filter) => filter.passes_compressed(),
            Driver::Blkdebug
            | Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite
            | Driver::File
            | Driver::HostCdrom
            | Driver::HostDevice
            | Driver::Raw
            | Driver::NullCo => false,
        }
    }

    /// Writes whole clusters, compressed if that makes them smaller. The last cluster may be cut
    /// off by the end of the image.
    ///
    /// # Errors
    /// As for [`Node::write`]; also if a cluster is allocated already, or if the node
    /// [does not compress](Node::compresses).
    pub fn write_compressed(&self, offset: u64, buffer: &[u8]) -> Result<()> {
        self.check_writable()?;
        let mut perform = || Ok(self.image.write_compressed(offset, buffer)?);
        self.writes.begin_write().run(Write::data(offset, buffer), &mut perform)
    }

    /// Makes the range read as zeroes, without writing data if the image can do so. Frees space if
    /// the option `discard` of the node is `unmap`.
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn write_zeroes(&self, offset: u64, length: u64) -> Result<()> {
        let guard = self.writes.begin_write();
        self.write_zeroes_guarded(&guard, offset, length, ZeroMode::MayUnmap)
    }

    pub(super) fn write_zeroes_guarded(
        &self,
        guard: &WriteGuard<'_>,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> Result<()> {
        self.check_writable()?;
        let mut perform = || Ok(self.image.write_zeroes(offset, length, mode)?);
        guard.run(Write::zeroes(offset, length), &mut perform)
    }

    /// Copies the data of the backing node in the range into the image, where the image has none.
    /// The visible contents do not change. `buffer` receives the data, and grows as needed.
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn copy_on_read(
        &self,
        offset: u64,
        length: u64,
        buffer: &mut AlignedBuffer,
    ) -> Result<()> {
        self.check_writable()?;
        Ok(self.image.copy_on_read(offset, length, buffer)?)
    }

    /// Flushes all completed writes to the disk, or to the page cache with `no-flush`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn flush(&self) -> Result<()> {
        Ok(self.image.flush()?)
    }

    /// Grows the image to `size` bytes. New bytes read as zeroes. Without effect if the image is as
    /// large already.
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn grow(&self, size: u64) -> Result<()> {
        self.grow_with(size, Preallocation::Off)
    }

    /// As [`Node::grow`], with preallocation of the new bytes: `PreallocMode` of QAPI.
    ///
    /// # Errors
    /// As [`Node::write`]; [`Error::Io`] for a preallocation that the format or the storage does
    /// not have.
    pub fn grow_with(&self, size: u64, preallocation: Preallocation) -> Result<()> {
        self.check_writable()?;
        self.check_bitmaps_resizable()?;
        self.image.grow_with(size, preallocation)?;
        self.resize_bitmaps()
    }

    /// Shrinks the image to `size` bytes. Without effect if the image is as small already.
    ///
    /// # Errors
    /// As [`Node::write`]; also if the format cannot shrink.
    pub fn shrink(&self, size: u64) -> Result<()> {
        self.check_writable()?;
        self.check_bitmaps_resizable()?;
        self.image.shrink(size)?;
        self.resize_bitmaps()
    }

    /// Declares that a range is no longer in use, so that its space can be freed. The range reads
    /// as zeroes afterwards, as far as it consists of whole clusters. Without effect unless the
    /// option `discard` of the node is `unmap`.
    ///
    /// # Errors
    /// As [`Node::write`].
    pub fn discard_range(&self, offset: u64, length: u64) -> Result<()> {
        self.discard_guarded(&self.writes.begin_write(), offset, length)
    }

    pub(super) fn discard_guarded(
        &self,
        guard: &WriteGuard<'_>,
        offset: u64,
        length: u64,
    ) -> Result<()> {
        self.check_writable()?;
        if self.discard() == BlockdevDiscardOptions::Ignore {
            return Ok(());
        }
        // Watchers see the range that becomes zeroes.
        let cluster = self.cluster_size().unwrap_or(1);
        let start = offset.next_multiple_of(cluster);
        let end = offset.saturating_add(length);
        let end = if end < self.size()? { end - end % cluster } else { end };
        // As in QEMU, the threshold and the bitmaps see the whole range.
        guard.begin_discard(offset, length);
        if start >= end {
            return Ok(());
        }
        let mut perform = || Ok(self.image.discard(start, end - start)?);
        let done = guard.run_discard(Write::zeroes(start, end - start), &mut perform);
        self.count_discard(end - start, done.is_ok());
        done
    }

    /// The block status from `offset` on: for 1 to `length` bytes, or for 0 bytes at the end of the
    /// image.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn block_status(&self, offset: u64, length: u64) -> Result<Extent> {
        match self.file().filter(|_| self.driver.is_filter()) {
            Some(below) => unfiltered(below).block_status(offset, length),
            None => Ok(self.image.extent(offset, length)?),
        }
    }

    /// Whether the image itself determines the contents at an offset, rather than its backing file,
    /// and the number of bytes to which this applies: 1 to `length` bytes, or 0 at the end of the
    /// image.
    ///
    /// Unlike [`Node::block_status`], asks only this image.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn is_allocated(&self, offset: u64, length: u64) -> Result<(bool, u64)> {
        Ok(self.image.is_allocated(offset, length)?)
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        match (self.is_read_only(), self.is_active()) {
            (false, true) => Ok(()),
            (true, _) => Err(Error::NodeReadOnly),
            (false, false) => Err(not_permitted().into()),
        }
    }
}
