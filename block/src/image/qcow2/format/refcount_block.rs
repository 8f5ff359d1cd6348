//! The reference counts in a refcount block.

use super::geometry::Geometry;

/// The count in a slot of a block.
///
/// Counts of less than a byte are stored from the lowest bit up; larger counts are big-endian.
pub(crate) fn read_count(geometry: &Geometry, block: &[u8], slot: u64) -> u64 {
    let bits = geometry.refcount_bits;
    let at = (slot * bits / 8) as usize;
    if bits < 8 {
        let shift = slot * bits % 8;
        return u64::from(block[at]) >> shift & geometry.count_max();
    }
    let bytes = &block[at..at + (bits / 8) as usize];
    bytes.iter().fold(0, |count, byte| count << 8 | u64::from(*byte))
}

/// Changes a count, and returns the range of its bytes.
pub(crate) fn write_count(
    geometry: &Geometry,
    block: &mut [u8],
    slot: u64,
    count: u64,
) -> std::ops::Range<usize> {
    let bits = geometry.refcount_bits;
    let at = (slot * bits / 8) as usize;
    if bits < 8 {
        let shift = slot * bits % 8;
        let mask = (geometry.count_max() << shift) as u8;
        block[at] = block[at] & !mask | (count << shift) as u8;
        return at..at + 1;
    }
    let length = (bits / 8) as usize;
    block[at..at + length].copy_from_slice(&count.to_be_bytes()[8 - length..]);
    at..at + length
}
