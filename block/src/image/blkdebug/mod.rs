//! A storage that injects errors into requests, for tests of error handling above it.

mod event_storage;
mod limits;
pub mod rules;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::drivers::CommonStorageHelper;
use imago::{Storage as ImagoStorage, StorageExt};

use super::extent::Extent;
use super::forward::forward_control;
use super::storage::{BlockStorage, Storage};
use crate::options::blkdebug::{BlkdebugEvent, BlkdebugIoType};
pub use event_storage::EventStorage;
pub use limits::Limits;
use rules::Rules;

/// A storage whose requests fail by rules, with limits on the sizes of requests.
#[derive(Debug)]
pub struct BlkdebugStorage {
    inner: Storage,
    rules: Arc<Rules>,
    limits: Limits,
    /// The number of writes. As in QEMU, rules do not apply to a flush if no write came since the
    /// last flush.
    written: AtomicU64,
    /// The number of writes that have been flushed.
    flushed: AtomicU64,
    helper: CommonStorageHelper,
}

impl BlkdebugStorage {
    /// Puts rules and limits in front of a storage. The limits have been checked.
    pub fn new(inner: Storage, rules: Rules, limits: Limits) -> Self {
        BlkdebugStorage {
            inner,
            rules: Arc::new(rules),
            limits,
            written: AtomicU64::new(0),
            flushed: AtomicU64::new(0),
            helper: CommonStorageHelper::default(),
        }
    }

    /// Splits a request into pieces of at most `most` bytes.
    fn in_pieces(
        offset: u64,
        length: u64,
        most: Option<u64>,
        mut make: impl FnMut(u64, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let most = most.filter(|most| *most > 0).unwrap_or(u64::MAX);
        let mut done = 0;
        while done < length {
            let piece = most.min(length - done);
            make(offset + done, piece)?;
            done += piece;
        }
        Ok(())
    }

    /// Makes a write, with its events.
    fn write(
        &self,
        event: BlkdebugEvent,
        write: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        self.rules.on_event(event);
        let written = write();
        self.written.fetch_add(1, Ordering::Relaxed);
        self.rules.on_event(BlkdebugEvent::PwritevDone);
        written
    }

    fn write_zeroes(
        &self,
        offset: u64,
        length: u64,
        write: impl Fn(u64, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let most = self.limits.max_write_zero;
        self.write(BlkdebugEvent::PwritevZero, || {
            Self::in_pieces(offset, length, most, |offset, length| {
                self.rules.check(BlkdebugIoType::WriteZeroes, offset, length)?;
                write(offset, length)
            })
        })
    }

    /// An alignment of requests: the larger one of the limits and the storage below.
    fn align(&self, given: Option<u64>, inner: usize) -> usize {
        // The limits are below 2 GiB.
        let own = self.limits.align.unwrap_or(0).max(given.unwrap_or(0)) as usize;
        own.max(inner)
    }
}

impl fmt::Display for BlkdebugStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blkdebug:{}", self.inner)
    }
}

impl BlockStorage for BlkdebugStorage {
    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.rules.check(BlkdebugIoType::BlockStatus, offset, length)?;
        self.inner.extent(offset, length)
    }

    fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        Some(Arc::clone(&self.rules))
    }
}

impl ImagoStorage for BlkdebugStorage {
    fn mem_align(&self) -> usize {
        self.inner.mem_align()
    }

    fn req_align(&self) -> usize {
        self.align(None, self.inner.req_align())
    }

    fn zero_align(&self) -> usize {
        self.align(self.limits.opt_write_zero, self.inner.zero_align())
    }

    fn discard_align(&self) -> usize {
        self.align(self.limits.opt_discard, self.inner.discard_align())
    }

    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    unsafe fn pure_readv(&self, bufv: IoVectorMut<'_>, offset: u64) -> io::Result<()> {
        let length = bufv.len();
        let mut rest = Some(bufv);
        Self::in_pieces(offset, length, self.limits.max_transfer, |offset, length| {
            let Some(bufv) = rest.take() else { return Ok(()) };
            let (piece, others) = bufv.split_at(length);
            rest = Some(others);
            self.rules.check(BlkdebugIoType::Read, offset, length)?;
            self.inner.readv(piece, offset)
        })
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        let length = bufv.len();
        let mut rest = Some(bufv);
        let most = self.limits.max_transfer;
        self.write(BlkdebugEvent::Pwritev, || {
            Self::in_pieces(offset, length, most, |offset, length| {
                let Some(bufv) = rest.take() else { return Ok(()) };
                let (piece, others) = bufv.split_at(length);
                rest = Some(others);
                self.rules.check(BlkdebugIoType::Write, offset, length)?;
                self.inner.writev(piece, offset)
            })
        })
    }

    unsafe fn pure_write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.write_zeroes(offset, length, |offset, length| {
            self.inner.write_zeroes(offset, length)
        })
    }

    unsafe fn pure_write_allocated_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.write_zeroes(offset, length, |offset, length| {
            self.inner.write_allocated_zeroes(offset, length)
        })
    }

    unsafe fn pure_discard(&self, offset: u64, length: u64) -> io::Result<()> {
        let discarded =
            Self::in_pieces(offset, length, self.limits.max_discard, |offset, length| {
                self.rules.check(BlkdebugIoType::Discard, offset, length)?;
                self.inner.discard(offset, length)
            });
        self.written.fetch_add(1, Ordering::Relaxed);
        discarded
    }

    fn flush(&self) -> io::Result<()> {
        self.inner.flush()
    }

    fn sync(&self) -> io::Result<()> {
        let written = self.written.load(Ordering::Relaxed);
        if self.flushed.load(Ordering::Relaxed) != written {
            self.rules.check(BlkdebugIoType::Flush, 0, 0)?;
        }
        self.inner.sync()?;
        self.flushed.store(written, Ordering::Relaxed);
        Ok(())
    }

    forward_control!(self => self.inner);

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }
}
