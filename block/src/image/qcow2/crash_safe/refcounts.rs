//! The reference counts in the file.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use imago::Storage as _;
use nix::errno::Errno;

use super::ranges::{entries, overlap, read, read_aligned};
use crate::image::storage::Storage;

/// The bits of an entry of the refcount table with the offset of a block.
const BLOCK_OFFSET_MASK: u64 = !0x1ff;

/// The sizes of clusters and reference counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    cluster_bits: u32,
    refcount_bits: u64,
}

impl Geometry {
    pub(super) fn new(cluster_bits: u32, refcount_order: u32) -> Self {
        Geometry { cluster_bits, refcount_bits: 1 << refcount_order }
    }

    pub(super) fn cluster_size(self) -> u64 {
        1 << self.cluster_bits
    }

    fn counts_per_block(self) -> u64 {
        self.cluster_size() * 8 / self.refcount_bits
    }

    /// The position of the count of a cluster in its block, and the bits of the value 1.
    ///
    /// Counts of less than a byte are stored from the lowest bit up; larger counts are big-endian.
    fn slot(self, cluster: u64) -> Slot {
        let index = cluster % self.counts_per_block();
        if self.refcount_bits < 8 {
            let bit = index * self.refcount_bits;
            let at = bit / 8;
            let shift = bit % 8;
            let mask = ((1_u16 << self.refcount_bits) - 1) as u8;
            Slot { bytes: at..at + 1, mask: mask << shift, one: 1 << shift }
        } else {
            let length = self.refcount_bits / 8;
            let at = index * length;
            Slot { bytes: at..at + length, mask: 0xff, one: 1 }
        }
    }
}

/// The position of a count in its block.
struct Slot {
    bytes: Range<u64>,
    /// The bits of each byte that belong to the count.
    mask: u8,
    /// The bit of the last byte that turns a count of 0 into 1.
    one: u8,
}

impl Slot {
    /// Raises a count of 0 to 1. Returns whether it was 0.
    fn raise(&self, count: &mut [u8]) -> bool {
        if count.iter().any(|byte| byte & self.mask != 0) {
            return false;
        }
        if let Some(last) = count.last_mut() {
            *last |= self.one;
        }
        true
    }
}

/// The refcount table of the file, and the counts that this storage has raised.
#[derive(Clone, Debug)]
pub(super) struct Refcounts {
    geometry: Geometry,
    /// The offsets of the blocks; 0 for no block.
    table: Vec<u64>,
    /// The clusters whose counts were raised, by the offset of their block.
    ///
    /// The next write of the block by the library may contain the count from before the library
    /// raised it. That write must not lower the count. All later writes contain the raised count.
    raised: BTreeMap<u64, Vec<u64>>,
}

impl Refcounts {
    /// Reads the refcount table.
    pub(super) fn load(
        inner: &Storage,
        geometry: Geometry,
        table: &Range<u64>,
    ) -> io::Result<Self> {
        let table: Vec<u64> =
            entries(&read(inner, table)?).map(|(_, entry)| entry & BLOCK_OFFSET_MASK).collect();
        let blocks = table.iter().filter(|block| **block != 0);
        let raised = blocks.map(|block| (*block, Vec::new())).collect();
        Ok(Refcounts { geometry, table, raised })
    }

    pub(super) fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Whether a part of a block is in the range.
    pub(super) fn has_block_in(&self, range: &Range<u64>) -> bool {
        let first = range.start - range.start % self.geometry.cluster_size();
        self.raised.range(first..range.end).next().is_some()
    }

    /// Sets an entry of the table, for a block that is added or removed.
    pub(super) fn set_block(&mut self, index: u64, entry: u64) {
        let block = entry & BLOCK_OFFSET_MASK;
        // The table covers the range of the file from which the entry comes.
        let Some(slot) = self.table.get_mut(index as usize) else { return };
        let old = std::mem::replace(slot, block);
        if old != 0 {
            self.raised.remove(&old);
        }
        if block != 0 {
            self.raised.entry(block).or_default();
        }
    }

    /// Copies the raised counts of another table, for blocks that both tables have.
    pub(super) fn copy_raised(&mut self, other: &Refcounts) {
        for (block, clusters) in &other.raised {
            if let Some(known) = self.raised.get_mut(block) {
                known.clone_from(clusters);
            }
        }
    }

    /// Adds the raised counts of another table, for blocks that both tables have.
    pub(super) fn add_raised(&mut self, other: &Refcounts) {
        for (block, clusters) in &other.raised {
            if let Some(known) = self.raised.get_mut(block) {
                let new: Vec<u64> =
                    clusters.iter().copied().filter(|cluster| !known.contains(cluster)).collect();
                known.extend(new);
            }
        }
    }

    /// Raises the counts of all blocks.
    pub(super) fn raise_blocks(&mut self, inner: &Storage) -> io::Result<()> {
        for block in self.table.clone() {
            self.raise(inner, block)?;
        }
        Ok(())
    }

    /// Raises the count of the cluster at an offset to at least 1 in the file. Offset 0 stands for
    /// no cluster.
    pub(super) fn raise(&mut self, inner: &Storage, offset: u64) -> io::Result<()> {
        if offset == 0 {
            return Ok(());
        }
        let cluster = offset >> self.geometry.cluster_bits;
        let index = cluster / self.geometry.counts_per_block();
        let block = usize::try_from(index).ok().and_then(|index| self.table.get(index).copied());
        let Some(block) = block.filter(|block| *block != 0) else {
            // The library only allocates clusters that have a block.
            tracing::error!(cluster, "a cluster without a refcount block is used");
            return Err(Errno::EIO.into());
        };
        let slot = self.geometry.slot(cluster);
        let range = block + slot.bytes.start..block + slot.bytes.end;
        let (mut buffer, inside) = read_aligned(inner, &range)?;
        if slot.raise(buffer.as_mut_range(inside.clone()).into_slice()) {
            let start = range.start - inside.start as u64;
            // SAFETY: the buffer was read with the alignment that the storage requires. Blocks are
            // written only under the lock that the caller holds.
            unsafe { inner.pure_writev(buffer.as_ref().into(), start) }?;
            self.raised.entry(block).or_default().push(cluster);
        }
        Ok(())
    }

    /// Adds the raised counts of a block to a write of the block. The later writes of the library
    /// contain these counts.
    pub(super) fn preserve_raised(&mut self, written: &Range<u64>, bytes: &mut [u8]) {
        let geometry = self.geometry;
        let first = written.start - written.start % geometry.cluster_size();
        for (block, clusters) in self.raised.range_mut(first..written.end) {
            clusters.retain(|cluster| {
                let slot = geometry.slot(*cluster);
                let range = block + slot.bytes.start..block + slot.bytes.end;
                let whole = overlap(&range, written).is_some_and(|part| part == range);
                if whole {
                    let start = (range.start - written.start) as usize;
                    slot.raise(&mut bytes[start..start + (range.end - range.start) as usize]);
                }
                !whole
            });
        }
    }
}
