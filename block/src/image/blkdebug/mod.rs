//! A storage that injects errors into requests, for tests of error handling above it.

mod event_storage;
mod limits;
pub mod rules;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::alignment::{AlignedWrite, Alignment};
use super::extent::Extent;
use super::storage::{BlockStorage, Preallocation, Storage, ZeroMode};
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
    alignment: Alignment,
    /// The number of writes. As in QEMU, rules do not apply to a flush if no write came since the
    /// last flush.
    written: AtomicU64,
    /// The number of writes that have been flushed.
    flushed: AtomicU64,
}

impl BlkdebugStorage {
    /// Puts rules and limits in front of a storage. The limits have been checked.
    pub fn new(inner: Storage, rules: Rules, limits: Limits) -> Self {
        let align = limits.align.unwrap_or(0).max(1);
        BlkdebugStorage {
            inner,
            alignment: Alignment::new(align, 1),
            rules: Arc::new(rules),
            limits,
            written: AtomicU64::new(0),
            flushed: AtomicU64::new(0),
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

    /// Makes an aligned read.
    fn read_aligned(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let (length, most) = (buffer.len() as u64, self.limits.max_transfer);
        Self::in_pieces(offset, length, most, |at, length| {
            self.rules.check(BlkdebugIoType::Read, at, length)?;
            let start = (at - offset) as usize;
            self.inner.read(at, &mut buffer[start..start + length as usize])
        })
    }

    /// Makes an aligned write.
    fn write_aligned(
        &self,
        AlignedWrite { offset, data, end: _ }: AlignedWrite<'_>,
    ) -> io::Result<()> {
        let (length, most) = (data.len() as u64, self.limits.max_transfer);
        self.with_events(BlkdebugEvent::Pwritev, || {
            Self::in_pieces(offset, length, most, |at, length| {
                self.rules.check(BlkdebugIoType::Write, at, length)?;
                let start = (at - offset) as usize;
                self.inner.write(at, &data[start..start + length as usize])
            })
        })
    }

    /// Makes a write, with its events.
    fn with_events(
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

    /// The larger one of the alignment of all requests and that of one kind.
    fn unit(&self, given: Option<u64>) -> u64 {
        self.alignment.request().max(given.unwrap_or(0))
    }
}

impl fmt::Display for BlkdebugStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blkdebug:{}", self.inner)
    }
}

impl BlockStorage for BlkdebugStorage {
    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.alignment.read(offset, buffer, |offset, buffer| self.read_aligned(offset, buffer))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let read = |offset, buffer: &mut [u8]| self.read_aligned(offset, buffer);
        self.alignment.write(offset, data, read, |write| self.write_aligned(write))
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        let most = self.limits.max_write_zero;
        let zero = |offset, length| {
            self.with_events(BlkdebugEvent::PwritevZero, || {
                Self::in_pieces(offset, length, most, |offset, length| {
                    self.rules.check(BlkdebugIoType::WriteZeroes, offset, length)?;
                    self.inner.zero(offset, length, mode)
                })
            })
        };
        let unit = self.unit(self.limits.opt_write_zero);
        let write = |offset, zeroes: &[u8]| self.write(offset, zeroes);
        self.alignment.write_zeroes((offset, length), unit, mode, zero, write)
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        let most = self.limits.max_discard;
        let discard = |offset, length| {
            let discarded = Self::in_pieces(offset, length, most, |offset, length| {
                self.rules.check(BlkdebugIoType::Discard, offset, length)?;
                self.inner.discard(offset, length)
            });
            self.written.fetch_add(1, Ordering::Relaxed);
            discarded
        };
        let unit = self.unit(self.limits.opt_discard);
        self.alignment.change_blocks(offset, length, unit, discard).map(drop)
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

    fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        self.inner.resize(size, preallocation)
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.rules.check(BlkdebugIoType::BlockStatus, offset, length)?;
        self.inner.extent(offset, length)
    }

    fn request_alignment(&self) -> u64 {
        self.alignment.request()
    }

    fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        Some(Arc::clone(&self.rules))
    }
}
