//! A file in memory that records its writes, and a check of images for corruptions.

use std::fmt;
use std::io;

use parking_lot::Mutex;

use crate::image::storage::{BlockStorage, Preallocation};

/// Bytes in an entry of a table.
const ENTRY: u64 = 8;
/// The bits of an entry with an offset.
const OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;
/// The flag of an L2 entry for compressed data.
const COMPRESSED: u64 = 1 << 62;

/// A file in memory that records all writes.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) file: Mutex<Vec<u8>>,
    pub(super) writes: Mutex<Vec<(u64, Vec<u8>)>>,
    /// Writes at this offset fail.
    pub(super) broken: Mutex<Option<u64>>,
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("journal")
    }
}

/// Applies a write to a file.
pub(super) fn apply(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let (start, end) = (offset as usize, offset as usize + bytes.len());
    if file.len() < end {
        file.resize(end, 0);
    }
    file[start..end].copy_from_slice(bytes);
}

impl BlockStorage for Journal {
    fn size(&self) -> io::Result<u64> {
        Ok(self.file.lock().len() as u64)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let file = self.file.lock();
        let known = file.get(offset as usize..).unwrap_or_default();
        let length = known.len().min(buffer.len());
        buffer[..length].copy_from_slice(&known[..length]);
        buffer[length..].fill(0);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if *self.broken.lock() == Some(offset) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        apply(&mut self.file.lock(), offset, data);
        self.writes.lock().push((offset, data.to_vec()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn resize(&self, size: u64, _preallocation: Preallocation) -> io::Result<()> {
        self.file.lock().resize(size as usize, 0);
        Ok(())
    }
}

/// A big-endian number of `length` bytes.
pub(super) fn number(file: &[u8], offset: u64, length: usize) -> u64 {
    let offset = offset as usize;
    let mut bytes = [0; 8];
    bytes[8 - length..].copy_from_slice(&file[offset..offset + length]);
    u64::from_be_bytes(bytes)
}

/// The number of references to each cluster of an image.
fn references(file: &[u8], cluster_bits: u64) -> Vec<u64> {
    let size = 1 << cluster_bits;
    let mut found: Vec<u64> = Vec::new();
    let mut add_references = |offset: u64, length: u64| {
        for cluster in offset >> cluster_bits..(offset + length).div_ceil(size) {
            let cluster = cluster as usize;
            if found.len() <= cluster {
                found.resize(cluster + 1, 0);
            }
            found[cluster] += 1;
        }
    };
    add_references(0, 1);
    let (l1, l1_entries) = (number(file, 40, 8), number(file, 36, 4));
    let (table, table_clusters) = (number(file, 48, 8), number(file, 56, 4));
    add_references(l1, l1_entries * ENTRY);
    add_references(table, table_clusters * size);
    for index in 0..table_clusters * size / ENTRY {
        let block = number(file, table + index * ENTRY, 8);
        if block != 0 {
            add_references(block, 1);
        }
    }
    // Extended L2 entries are twice as long.
    let l2_entry = if number(file, 72, 8) & (1 << 4) != 0 { 2 * ENTRY } else { ENTRY };
    for index in 0..l1_entries {
        let l2 = number(file, l1 + index * ENTRY, 8) & OFFSET_MASK;
        if l2 == 0 {
            continue;
        }
        add_references(l2, 1);
        for entry in 0..size / l2_entry {
            let word = number(file, l2 + entry * l2_entry, 8);
            if word & COMPRESSED != 0 {
                let length_from = 62 - (cluster_bits - 8);
                let offset = word & ((1 << length_from) - 1);
                let sectors = ((word & (COMPRESSED - 1)) >> length_from) + 1;
                add_references(offset, sectors * 512 - offset % 512);
            } else if word & OFFSET_MASK != 0 {
                add_references(word & OFFSET_MASK, 1);
            }
        }
    }
    found
}

/// The number of clusters with more references than their count.
pub(super) fn corruptions(file: &[u8]) -> usize {
    let cluster_bits = number(file, 20, 4);
    let bits = 1_u64 << number(file, 96, 4);
    let table = number(file, 48, 8);
    let per_block = (8 << cluster_bits) / bits;
    let is_undercounted = |(cluster, references): (u64, u64)| {
        if references == 0 {
            return false;
        }
        let block = number(file, table + cluster / per_block * ENTRY, 8);
        let index = cluster % per_block;
        let count = if block == 0 {
            0
        } else if bits < 8 {
            number(file, block + index * bits / 8, 1) >> (index * bits % 8) & ((1 << bits) - 1)
        } else {
            number(file, block + index * bits / 8, bits as usize / 8)
        };
        count < references
    };
    let references = (0..).zip(references(file, cluster_bits));
    references.filter(|pair| is_undercounted(*pair)).count()
}
