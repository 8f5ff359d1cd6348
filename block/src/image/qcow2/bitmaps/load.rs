//! Reading the bits of a bitmap.

use rustix::io::Errno;

use super::directory::DirectoryEntry;
use super::table::{self, Digest, FoundBits, ReadBudget};
use super::too_large;
use crate::error::Result;
use crate::image::dirty_bitmaps::MEMORY_MAX;
use crate::image::dirty_bitmaps::bits::Bits;
use crate::image::storage::Storage;

/// The bits of a bitmap of the image, in at most `memory` bytes, and the digest of its clusters.
/// `shape` is the cluster size and the number of bits.
pub(super) fn bits(
    storage: &Storage,
    entry: &DirectoryEntry,
    shape: (u64, u64),
    budget: &mut ReadBudget,
    memory: u64,
) -> Result<(Bits, Digest)> {
    let (_, length) = shape;
    let mut bits = Bits::default();
    let mut is_too_large = false;
    let read = table::read(storage, entry, shape, budget, &mut |found| {
        match found {
            FoundBits::Ones(range) => drop(bits.set(range)),
            FoundBits::Data { start, bytes } => bits.load(start, bytes, length),
        }
        is_too_large = bits.memory() > memory;
        if is_too_large { Err(Errno::FBIG.into()) } else { Ok(()) }
    });
    if is_too_large {
        return Err(too_large(length.div_ceil(8), MEMORY_MAX));
    }
    Ok((bits, read?))
}
