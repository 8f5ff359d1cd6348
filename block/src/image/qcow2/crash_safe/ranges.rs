//! Ranges of a file, and the entries of tables in them.

use std::io;
use std::ops::Range;

use imago::Storage as _;
use imago::io_buffers::IoBuffer;

use crate::image::storage::Storage;

/// Bytes in an entry of a table.
pub(crate) const ENTRY: u64 = 8;

/// The entries in a part of a table, with their offsets in the part.
pub(super) fn entries(bytes: &[u8]) -> impl Iterator<Item = (u64, u64)> {
    let numbers = bytes.as_chunks::<{ ENTRY as usize }>().0.iter().copied();
    numbers.map(u64::from_be_bytes).zip(0..).map(|(entry, index)| (index * ENTRY, entry))
}

pub(super) fn overlap(a: &Range<u64>, b: &Range<u64>) -> Option<Range<u64>> {
    let both = a.start.max(b.start)..a.end.min(b.end);
    (!both.is_empty()).then_some(both)
}

/// Reads a range of any alignment, without regard to write blockers: the caller holds the lock
/// under which these parts of the file change.
pub(super) fn read(inner: &Storage, range: &Range<u64>) -> io::Result<Vec<u8>> {
    let (buffer, inside) = read_aligned(inner, range)?;
    Ok(buffer.as_ref_range(inside).into_slice().to_vec())
}

/// As [`read`], with the bytes that the alignment requires around the range. Also returns the
/// position of the range in the buffer.
pub(super) fn read_aligned(
    inner: &Storage,
    range: &Range<u64>,
) -> io::Result<(IoBuffer, Range<usize>)> {
    let align = inner.req_align() as u64;
    let start = range.start - range.start % align;
    let length = (range.end - start).next_multiple_of(align);
    let mut buffer = IoBuffer::new(length as usize, inner.mem_align())?;
    // SAFETY: offset, length and memory have the alignment that the storage requires.
    unsafe { inner.pure_readv(buffer.as_mut().into(), start) }?;
    Ok((buffer, (range.start - start) as usize..(range.end - start) as usize))
}
