//! Requests of any alignment to a storage that serves aligned requests only.
//!
//! An unaligned read is made into a bounce buffer. An unaligned write reads the rest of its first
//! and its last block, and writes whole blocks. It excludes all other writes to these blocks
//! meanwhile.

use std::io;
use std::ops::Range;

use parking_lot::{Condvar, Mutex};
use rustix::io::Errno;

use super::aligned_buffer::AlignedBuffer;
use super::range_locks::RangeLocks;
use super::storage::ZeroMode;
use super::zeroes::write_zero_data;

/// The largest number of bytes of a request that a bounce buffer receives. Longer requests are made
/// in pieces.
const PIECE_MAX: u64 = 1 << 20;
/// The largest number of bounce buffers of a storage. Other requests wait for one of them.
const BUFFERS_MAX: usize = 8;

/// The alignment that a storage needs, and the requests in flight.
#[derive(Debug)]
pub(super) struct Alignment {
    /// The alignment of offsets and lengths, in bytes: a power of two.
    request: u64,
    /// The alignment of addresses in memory, in bytes: a power of two.
    memory: usize,
    writes: RangeLocks,
    /// The number of bounce buffers in use.
    buffers: Mutex<usize>,
    released: Condvar,
}

/// An aligned write.
#[derive(Debug)]
pub(super) struct AlignedWrite<'a> {
    /// The offset of the first byte.
    pub(super) offset: u64,
    /// The bytes.
    pub(super) data: &'a [u8],
    /// The end of the bytes that the caller has written. Bytes after it have been read, or are
    /// beyond the end of the storage.
    pub(super) end: u64,
}

impl Alignment {
    pub(super) fn new(request: u64, memory: usize) -> Self {
        let (writes, buffers, released) = Default::default();
        Alignment { request, memory, writes, buffers, released }
    }

    /// The alignment of offsets and lengths.
    pub(super) fn request(&self) -> u64 {
        self.request
    }

    /// Makes a read through `read`, which receives aligned requests.
    pub(super) fn read(
        &self,
        offset: u64,
        buffer: &mut [u8],
        read: impl Fn(u64, &mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let end = end_of(offset, buffer.len() as u64)?;
        if self.is_aligned(offset, buffer) {
            return read(offset, buffer);
        }
        let mut at = offset;
        while at < end {
            let piece_end = self.piece_end(at, end);
            let start = at - at % self.request;
            let mut bounce = self.bounce_buffer(start, piece_end)?;
            read(start, &mut bounce.buffer)?;
            let inside = (at - start) as usize..(piece_end - start) as usize;
            let place = (at - offset) as usize..(piece_end - offset) as usize;
            buffer[place].copy_from_slice(&bounce.buffer[inside]);
            at = piece_end;
        }
        Ok(())
    }

    /// Makes a write through `write`, which receives aligned requests, after reads through `read`.
    pub(super) fn write(
        &self,
        offset: u64,
        data: &[u8],
        read: impl Fn(u64, &mut [u8]) -> io::Result<()>,
        write: impl Fn(AlignedWrite<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let end = end_of(offset, data.len() as u64)?;
        if self.request == 1 && self.is_aligned(offset, data) {
            // No write needs a read, so none excludes another.
            return write(AlignedWrite { offset, data, end });
        }
        if self.is_aligned(offset, data) {
            let _lock = self.writes.lock_shared(offset..end);
            return write(AlignedWrite { offset, data, end });
        }
        let mut at = offset;
        while at < end {
            let piece_end = self.piece_end(at, end);
            let piece = &data[(at - offset) as usize..(piece_end - offset) as usize];
            self.write_piece(at, piece, &read, &write)?;
            at = piece_end;
        }
        Ok(())
    }

    /// Writes whole blocks that contain a piece.
    fn write_piece(
        &self,
        offset: u64,
        data: &[u8],
        read: impl Fn(u64, &mut [u8]) -> io::Result<()>,
        write: impl Fn(AlignedWrite<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let unit = self.request;
        let (start, end) = (offset - offset % unit, offset + data.len() as u64);
        let mut bounce = self.bounce_buffer(start, end)?;
        let bytes = &mut *bounce.buffer;
        let _lock = self.writes.lock_exclusive(start..start + bytes.len() as u64);
        let block = unit as usize;
        let last = bytes.len() - block;
        let (head, tail) = (offset != start, !end.is_multiple_of(unit));
        if head {
            read(start, &mut bytes[..block])?;
        }
        if tail && (last > 0 || !head) {
            read(start + last as u64, &mut bytes[last..])?;
        }
        let inside = (offset - start) as usize;
        bytes[inside..inside + data.len()].copy_from_slice(data);
        write(AlignedWrite { offset: start, data: bytes, end })
    }

    /// Zeroes a range: blocks of `unit` bytes, a power of two, through `zero`, and the unaligned
    /// rest through `write`. If the storage does not support `zero`, all bytes are written, unless
    /// `mode` forbids it.
    pub(super) fn write_zeroes(
        &self,
        (offset, length): (u64, u64),
        unit: u64,
        mode: ZeroMode,
        zero: impl Fn(u64, u64) -> io::Result<()>,
        write: impl Fn(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let end = end_of(offset, length)?;
        let blocks = match self.change_blocks(offset, length, unit, zero) {
            Ok(blocks) => blocks,
            Err(error) if error.kind() == io::ErrorKind::Unsupported && mode.may_write() => {
                offset..offset
            }
            Err(error) => return Err(error),
        };
        write_zero_data(offset, blocks.start - offset, &write)?;
        write_zero_data(blocks.end, end - blocks.end, &write)
    }

    /// Changes the blocks of `unit` bytes, a power of two, that lie within a range. `change`
    /// receives the offset and the length. Returns the range of the blocks, which may be empty.
    pub(super) fn change_blocks(
        &self,
        offset: u64,
        length: u64,
        unit: u64,
        change: impl Fn(u64, u64) -> io::Result<()>,
    ) -> io::Result<Range<u64>> {
        let end = end_of(offset, length)?;
        let start = offset.checked_next_multiple_of(unit).ok_or(Errno::INVAL)?;
        let end = end - end % unit;
        if start >= end {
            return Ok(offset..offset);
        }
        let _lock = (self.request > 1).then(|| self.writes.lock_shared(start..end));
        change(start, end - start)?;
        Ok(start..end)
    }

    fn is_aligned(&self, offset: u64, bytes: &[u8]) -> bool {
        offset.is_multiple_of(self.request)
            && (bytes.len() as u64).is_multiple_of(self.request)
            && bytes.as_ptr().addr().is_multiple_of(self.memory)
    }

    /// The end of the next piece of a request. All pieces but the last one end at a block.
    fn piece_end(&self, at: u64, end: u64) -> u64 {
        if end - at <= PIECE_MAX {
            return end;
        }
        let most = at + PIECE_MAX.max(self.request);
        most - most % self.request
    }

    /// A bounce buffer for the blocks that contain a range. Blocks the thread while others use too
    /// many buffers.
    fn bounce_buffer(&self, start: u64, end: u64) -> io::Result<BounceBuffer<'_>> {
        let end = end.checked_next_multiple_of(self.request).ok_or(Errno::INVAL)?;
        let mut used = self.buffers.lock();
        while *used >= BUFFERS_MAX {
            self.released.wait(&mut used);
        }
        *used += 1;
        drop(used);
        let mut bounce = BounceBuffer { alignment: self, buffer: AlignedBuffer::default() };
        bounce.buffer = AlignedBuffer::with_alignment((end - start) as usize, self.memory)?;
        Ok(bounce)
    }
}

/// A bounce buffer that counts towards the limit of its storage until it is dropped.
#[derive(Debug)]
struct BounceBuffer<'a> {
    alignment: &'a Alignment,
    buffer: AlignedBuffer,
}

impl Drop for BounceBuffer<'_> {
    fn drop(&mut self) {
        *self.alignment.buffers.lock() -= 1;
        self.alignment.released.notify_one();
    }
}

/// The end of a request. The system refuses larger ones with the same error.
fn end_of(offset: u64, length: u64) -> io::Result<u64> {
    offset.checked_add(length).ok_or_else(|| Errno::INVAL.into())
}
