//! Copy-on-read: copies of data from the backing file into an image.

use std::io;
use std::ops::Range;

use super::Qcow2Image;
use super::clusters::Clusters;
use crate::image::aligned_buffer::AlignedBuffer;
use crate::image::extent::check_range;
use crate::image::storage::ZeroMode;
use crate::image::zeroes::is_zero;

/// The largest number of bytes that a copy has in memory, if clusters are not larger. More bytes
/// would not stay in the cache of a processor between the read and the write.
const PIECE_MAX: u64 = 256 << 10;

impl Qcow2Image {
    /// Copies the data of the backing file in the range into the image, except where the image has
    /// data.
    ///
    /// Blocks all other requests to the image, as a write between the read and the write of the
    /// copy would be lost. So the range should be small. Another program may write an image that is
    /// inactive, so nothing is copied into it, as in QEMU.
    pub(crate) fn copy_on_read(
        &self,
        offset: u64,
        length: u64,
        buffer: &mut AlignedBuffer,
    ) -> io::Result<()> {
        let opened = self.exclusive()?;
        if !opened.mode.active {
            return Ok(());
        }
        let engine = opened.writable_engine()?;
        check_range(offset, length, engine.size())?;
        self.mark_written();
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let (is_allocated, known) = engine.is_allocated(at, end - at)?;
            let known = known.clamp(1, end - at);
            if !is_allocated {
                self.copy_unallocated(engine, at..at + known, buffer)?;
            }
            at += known;
        }
        Ok(())
    }

    /// Copies an unallocated range. Clusters that are known to be zero in the backing file are not
    /// read.
    fn copy_unallocated(
        &self,
        engine: &Clusters,
        range: Range<u64>,
        buffer: &mut AlignedBuffer,
    ) -> io::Result<()> {
        let Range { mut start, end } = range;
        let cluster = engine.cluster_size();
        while start < end {
            let known = engine.extent(start, end - start)?;
            let next = start + known.length.clamp(1, end - start);
            // The last cluster ends with the range.
            let whole = if next == end { end } else { next - next % cluster };
            if known.zero && whole > start {
                engine.write_zeroes(start, whole - start, ZeroMode::Allocated)?;
                start = whole;
            } else {
                let next = next.next_multiple_of(cluster).min(end);
                while start < next {
                    let length = (next - start).min(PIECE_MAX.max(cluster));
                    self.copy_run(engine, start, length, buffer)?;
                    start += length;
                }
            }
        }
        Ok(())
    }

    /// Copies an unallocated range with data. Clusters of zeroes are zeroed in the tables.
    fn copy_run(
        &self,
        engine: &Clusters,
        start: u64,
        length: u64,
        data: &mut AlignedBuffer,
    ) -> io::Result<()> {
        let cluster = engine.cluster_size();
        data.resize(length as usize)?;
        self.read_with_events(engine, start, data)?;
        let (mut rest, mut at) = (&**data, start);
        while !rest.is_empty() {
            let (zero, length) = leading_clusters(rest, at, cluster);
            let (piece, others) = rest.split_at(length);
            if zero {
                engine.write_zeroes(at, length as u64, ZeroMode::Allocated)?;
            } else {
                self.write_with_events(engine, at, piece)?;
            }
            rest = others;
            at += length as u64;
        }
        Ok(())
    }
}

/// Whether the first clusters of the data, which begin at an offset, are zero or not, and the
/// number of bytes of the clusters of which that is true.
fn leading_clusters(data: &[u8], offset: u64, cluster: u64) -> (bool, usize) {
    let to_boundary = |at: usize| (cluster - (offset + at as u64) % cluster) as usize;
    let end_of = |at: usize| data.len().min(at + to_boundary(at));
    let mut end = end_of(0);
    let zero = is_zero(&data[..end]);
    while end < data.len() && is_zero(&data[end..end_of(end)]) == zero {
        end = end_of(end);
    }
    (zero, end)
}
