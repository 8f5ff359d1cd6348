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
    /// A write without bytes cuts the file off at its offset.
    pub(super) writes: Mutex<Vec<(u64, Vec<u8>)>>,
    /// The offsets and lengths of all discards. They leave the data as they are.
    pub(super) discards: Mutex<Vec<(u64, u64)>>,
    /// The number of writes at the end of each flush to the disk.
    pub(super) syncs: Mutex<Vec<usize>>,
    /// Writes at this offset fail.
    pub(super) broken: Mutex<Option<u64>>,
    /// The number of writes after which all requests fail, if they do.
    pub(super) fails_after: Mutex<Option<usize>>,
}

impl Journal {
    fn check(&self) -> io::Result<()> {
        let fails = *self.fails_after.lock() == Some(0);
        if fails { Err(rustix::io::Errno::IO.into()) } else { Ok(()) }
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("journal")
    }
}

/// Applies a write to a file. A write without bytes cuts the file off.
pub(super) fn apply(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    if bytes.is_empty() {
        file.truncate(offset as usize);
        return;
    }
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
        self.check()?;
        let file = self.file.lock();
        let known = file.get(offset as usize..).unwrap_or_default();
        let length = known.len().min(buffer.len());
        buffer[..length].copy_from_slice(&known[..length]);
        buffer[length..].fill(0);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        if let Some(more) = &mut *self.fails_after.lock() {
            *more -= 1;
        }
        if *self.broken.lock() == Some(offset) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        apply(&mut self.file.lock(), offset, data);
        self.writes.lock().push((offset, data.to_vec()));
        Ok(())
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.discards.lock().push((offset, length));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.check()?;
        self.syncs.lock().push(self.writes.lock().len());
        Ok(())
    }

    fn resize(&self, size: u64, _preallocation: Preallocation) -> io::Result<()> {
        let mut file = self.file.lock();
        if size < file.len() as u64 {
            self.writes.lock().push((size, Vec::new()));
        }
        file.resize(size as usize, 0);
        Ok(())
    }
}

/// A big-endian number of `length` bytes, which is 0 beyond the end of the file.
pub(super) fn number(file: &[u8], offset: u64, length: usize) -> u64 {
    let offset = offset as usize;
    let mut bytes = [0; 8];
    if let Some(known) = file.get(offset..offset + length) {
        bytes[8 - length..].copy_from_slice(known);
    }
    u64::from_be_bytes(bytes)
}

/// The number of references to each cluster of an image, with those of other L1 tables, which have
/// an offset and a number of entries each.
fn references(file: &[u8], cluster_bits: u64, l1_tables: &[(u64, u64)]) -> Vec<u64> {
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
    let (table, table_clusters) = (number(file, 48, 8), number(file, 56, 4));
    add_references(table, table_clusters * size);
    for index in 0..table_clusters * size / ENTRY {
        let block = number(file, table + index * ENTRY, 8);
        if block != 0 {
            add_references(block, 1);
        }
    }
    // Extended L2 entries are twice as long.
    let l2_entry = if number(file, 72, 8) & (1 << 4) != 0 { 2 * ENTRY } else { ENTRY };
    let active = (number(file, 40, 8), number(file, 36, 4));
    for (l1, l1_entries) in l1_tables.iter().copied().chain([active]) {
        add_references(l1, l1_entries * ENTRY);
        for index in 0..l1_entries {
            let l2 = number(file, l1 + index * ENTRY, 8) & OFFSET_MASK;
            if l2 == 0 {
                continue;
            }
            add_references(l2, 1);
            for entry in 0..size / l2_entry {
                if let Some((offset, length)) =
                    cluster(number(file, l2 + entry * l2_entry, 8), cluster_bits)
                {
                    add_references(offset, length);
                }
            }
        }
    }
    found
}

/// The offset and the length of the data of an L2 entry.
fn cluster(word: u64, cluster_bits: u64) -> Option<(u64, u64)> {
    if word & COMPRESSED != 0 {
        let length_from = 62 - (cluster_bits - 8);
        let offset = word & ((1 << length_from) - 1);
        let sectors = ((word & (COMPRESSED - 1)) >> length_from) + 1;
        Some((offset, sectors * 512 - offset % 512))
    } else {
        Some((word & OFFSET_MASK, 1)).filter(|(offset, _)| *offset != 0)
    }
}

/// The number of clusters with more references than their count.
pub(super) fn corruptions(file: &[u8], l1_tables: &[(u64, u64)]) -> usize {
    let cluster_bits = number(file, 20, 4);
    let references = (0..).zip(references(file, cluster_bits, l1_tables));
    references.filter(|(cluster, references)| count(file, *cluster).0 < *references).count()
}

/// The number of clusters with fewer references than their count.
pub(super) fn leaks(file: &[u8]) -> usize {
    leaks_with(file, &[], &(0..0))
}

/// As [`leaks`], for an image with snapshots: their L1 tables, and their table.
pub(super) fn leaks_with(
    file: &[u8],
    l1_tables: &[(u64, u64)],
    snapshot_table: &std::ops::Range<u64>,
) -> usize {
    let cluster_bits = number(file, 20, 4);
    let mut references = references(file, cluster_bits, l1_tables);
    let table =
        snapshot_table.start >> cluster_bits..snapshot_table.end.div_ceil(1 << cluster_bits);
    for cluster in table {
        references.resize(references.len().max(cluster as usize + 1), 0);
        references[cluster as usize] += 1;
    }
    references.resize((file.len() >> cluster_bits) + 1, 0);
    let references = (0..).zip(references);
    references.filter(|(cluster, references)| count(file, *cluster).0 > *references).count()
}

/// The count of a cluster, and the position of the count in bits.
pub(super) fn count(file: &[u8], cluster: u64) -> (u64, u64) {
    let cluster_bits = number(file, 20, 4);
    let bits = 1_u64 << number(file, 96, 4);
    let table = number(file, 48, 8);
    let per_block = (8 << cluster_bits) / bits;
    let block = number(file, table + cluster / per_block * ENTRY, 8);
    let index = cluster % per_block;
    let place = block * 8 + index * bits;
    let count = if block == 0 {
        0
    } else if bits < 8 {
        number(file, place / 8, 1) >> (place % 8) & ((1 << bits) - 1)
    } else {
        number(file, place / 8, bits as usize / 8)
    };
    (count, place)
}

/// Adds a copy of the active L1 table to an image that is not open, as a snapshot does. Returns
/// the offset and the number of entries of the copy. It is not listed in the header.
pub(super) fn take_snapshot(file: &mut Vec<u8>) -> (u64, u64) {
    let cluster_bits = number(file, 20, 4);
    let size = 1_u64 << cluster_bits;
    for (cluster, references) in (0..).zip(references(file, cluster_bits, &[])) {
        assert!(count(file, cluster).0 >= references, "the image is sound");
    }
    let (l1, entries) = (number(file, 40, 8), number(file, 36, 4));
    let l2_entry = if number(file, 72, 8) & (1 << 4) != 0 { 2 * ENTRY } else { ENTRY };
    let retain = |file: &mut Vec<u8>, cluster: u64| {
        let bits = 1_u64 << number(file, 96, 4);
        let (old, place) = count(file, cluster);
        assert!(bits >= 8, "narrower counts have no room for a snapshot");
        let bytes = (old + 1).to_be_bytes();
        apply(file, place / 8, &bytes[8 - bits as usize / 8..]);
    };
    for index in 0..entries {
        let at = l1 + index * ENTRY;
        let l2 = number(file, at, 8) & OFFSET_MASK;
        if l2 == 0 {
            continue;
        }
        apply(file, at, &l2.to_be_bytes());
        retain(file, l2 >> cluster_bits);
        for entry in 0..size / l2_entry {
            let at = l2 + entry * l2_entry;
            let word = number(file, at, 8) & !(1 << 63);
            apply(file, at, &word.to_be_bytes());
            let Some((offset, length)) = cluster(word, cluster_bits) else { continue };
            for cluster in offset >> cluster_bits..(offset + length).div_ceil(size) {
                retain(file, cluster);
            }
        }
    }
    let copy = (file.len() as u64).next_multiple_of(size);
    let table = file[l1 as usize..(l1 + entries * ENTRY) as usize].to_vec();
    for cluster in 0..(entries * ENTRY).div_ceil(size) {
        assert_ne!(count(file, (copy >> cluster_bits) + cluster).1 / 8, 0, "it is counted");
        retain(file, (copy >> cluster_bits) + cluster);
    }
    apply(file, copy, &table);
    file.resize(file.len().next_multiple_of(size as usize), 0);
    (copy, entries)
}
