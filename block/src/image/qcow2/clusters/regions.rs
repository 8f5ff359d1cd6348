//! The metadata regions of an image, which no other write may touch.

use std::io;
use std::ops::Range;

use bitflags::bitflags;

use super::corruption::{Corruption, Result};
use crate::image::memory::zeroed;
use crate::image::qcow2::format::entry::OFFSET_MASK;
use crate::image::qcow2::header::Header;
use crate::image::qcow2::header::extensions::BitmapsExtension;
use crate::image::qcow2::snapshots::Snapshots;
use crate::image::storage::Storage;

bitflags! {
    /// The metadata that each write is checked against: the option `overlap-check` of QEMU
    /// (`Qcow2OverlapCheckFlags` in `block-core.json`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OverlapChecks: u32 {
        /// The header.
        const MAIN_HEADER = 1 << 0;
        /// The active L1 table.
        const ACTIVE_L1 = 1 << 1;
        /// The active L2 tables.
        const ACTIVE_L2 = 1 << 2;
        /// The blocks with reference counts.
        const REFCOUNT_BLOCK = 1 << 3;
        /// The refcount table.
        const REFCOUNT_TABLE = 1 << 4;
        /// The table of internal snapshots.
        const SNAPSHOT_TABLE = 1 << 5;
        /// The L1 tables of internal snapshots.
        const INACTIVE_L1 = 1 << 6;
        /// The L2 tables of internal snapshots. Each check reads the L1 tables of all snapshots.
        const INACTIVE_L2 = 1 << 7;
        /// The directory of persistent bitmaps.
        const BITMAP_DIRECTORY = 1 << 8;

        /// The template `constant`: the regions whose positions are always known.
        const CONSTANT = Self::MAIN_HEADER.bits() | Self::ACTIVE_L1.bits()
            | Self::REFCOUNT_TABLE.bits() | Self::SNAPSHOT_TABLE.bits()
            | Self::BITMAP_DIRECTORY.bits();
        /// The template `cached`, the default: all regions whose positions are in memory.
        const CACHED = Self::CONSTANT.bits() | Self::ACTIVE_L2.bits()
            | Self::REFCOUNT_BLOCK.bits() | Self::INACTIVE_L1.bits();
        /// The template `all`.
        const ALL = Self::CACHED.bits() | Self::INACTIVE_L2.bits();
    }
}

impl Default for OverlapChecks {
    fn default() -> Self {
        OverlapChecks::CACHED
    }
}

/// The names of the regions in QEMU's messages.
const NAMES: [(OverlapChecks, &str); 9] = [
    (OverlapChecks::MAIN_HEADER, "qcow2_header"),
    (OverlapChecks::ACTIVE_L1, "active L1 table"),
    (OverlapChecks::ACTIVE_L2, "active L2 table"),
    (OverlapChecks::REFCOUNT_BLOCK, "refcount block"),
    (OverlapChecks::REFCOUNT_TABLE, "refcount table"),
    (OverlapChecks::SNAPSHOT_TABLE, "snapshot table"),
    (OverlapChecks::INACTIVE_L1, "inactive L1 table"),
    (OverlapChecks::INACTIVE_L2, "inactive L2 table"),
    (OverlapChecks::BITMAP_DIRECTORY, "bitmap directory"),
];

/// The offsets of tables of one cluster each, sorted. An offset that several entries refer to is
/// listed as often.
#[derive(Debug, Default)]
pub(super) struct Offsets(Vec<u64>);

impl Offsets {
    /// # Errors
    /// ENOMEM.
    pub(super) fn new(entries: impl Iterator<Item = u64> + Clone) -> io::Result<Self> {
        let used = entries.filter(|offset| *offset != 0);
        let mut offsets = zeroed(used.clone().count())?;
        offsets.iter_mut().zip(used).for_each(|(offset, used)| *offset = used);
        offsets.sort_unstable();
        Ok(Offsets(offsets))
    }

    /// Replaces an offset by another one. Zero stands for none.
    pub(super) fn replace(&mut self, old: u64, new: u64) {
        if let Ok(at) = self.0.binary_search(&old) {
            self.0.remove(at);
        }
        if new != 0 {
            let (Ok(at) | Err(at)) = self.0.binary_search(&new);
            self.0.insert(at, new);
        }
    }

    /// The number of entries that refer to an offset.
    fn count(&self, offset: u64) -> u64 {
        let first = self.0.partition_point(|other| *other < offset);
        self.0[first..].partition_point(|other| *other == offset) as u64
    }

    fn touches(&self, range: &Range<u64>, cluster_size: u64) -> bool {
        let first = range.start.saturating_sub(cluster_size - 1);
        let at = self.0.partition_point(|offset| *offset < first);
        self.0.get(at).is_some_and(|offset| *offset < range.end)
    }
}

/// The metadata regions of an open image.
#[derive(Debug)]
pub(super) struct Regions {
    storage: Storage,
    cluster_bits: u32,
    checks: OverlapChecks,
    pub(super) l1_table: Range<u64>,
    pub(super) l2_tables: Offsets,
    pub(super) refcount_table: Range<u64>,
    pub(super) refcount_blocks: Offsets,
    snapshot_table: Range<u64>,
    snapshot_l1_tables: Vec<Range<u64>>,
    bitmap_directory: Range<u64>,
}

impl Regions {
    pub(super) fn new(
        storage: &Storage,
        header: &Header,
        checks: OverlapChecks,
    ) -> crate::error::Result<Self> {
        let pointers = header.table_pointers();
        let snapshots = Snapshots::read(storage, header)?;
        let bitmap_directory = match header.bitmaps() {
            BitmapsExtension::Present(directory) => directory.range.clone(),
            BitmapsExtension::Absent | BitmapsExtension::Outdated => 0..0,
            // As in QEMU, the bitmaps may be anywhere, so nothing is written.
            BitmapsExtension::Missing => 0..u64::MAX,
        };
        Ok(Regions {
            storage: storage.clone(),
            cluster_bits: header.cluster_size().trailing_zeros(),
            checks,
            l1_table: pointers.l1_table.clone(),
            l2_tables: Offsets::default(),
            refcount_table: pointers.refcount_table.clone(),
            refcount_blocks: Offsets::default(),
            snapshot_table: snapshots.table,
            snapshot_l1_tables: snapshots.list.into_iter().map(|one| one.l1_table).collect(),
            bitmap_directory,
        })
    }

    pub(super) fn set_bitmap_directory(&mut self, range: Range<u64>) {
        self.bitmap_directory = range;
    }

    /// Forgets the tables that snapshots and changes of snapshots replace.
    pub(super) fn forget_tables(&mut self) {
        self.l1_table = 0..0;
        self.l2_tables = Offsets::default();
        self.snapshot_table = 0..0;
        self.snapshot_l1_tables.clear();
    }

    /// Checks that a write to a range of the file touches no metadata, except those in `ignored`.
    pub(super) fn check(&self, ignored: OverlapChecks, offset: u64, length: u64) -> Result<()> {
        self.refuse(self.checks.difference(ignored), offset, length)
    }

    /// As [`Regions::check`], for a range that has just been allocated. All regions are checked
    /// whose positions are known, as the counts of an image are wrong that has metadata in free
    /// clusters.
    pub(super) fn check_allocated(&self, offset: u64, length: u64) -> Result<()> {
        self.refuse(self.checks.union(OverlapChecks::CACHED), offset, length)
    }

    /// Whether several entries of the active L1 table refer to a table.
    pub(super) fn is_shared_l2(&self, table: u64) -> bool {
        self.l2_tables.count(table) > 1
    }

    /// Checks that a table with a reference count can be changed, or replaced by a copy, although
    /// it has other references.
    ///
    /// A table that lies in other metadata has entries that change with them, and one that more
    /// entries refer to than its count says has clusters that they write in place. QEMU frees the
    /// cluster, and refuses the next write to what is allocated there.
    pub(super) fn check_shared_l2(&self, table: u64, count: u64) -> Result<()> {
        let mut ignored = OverlapChecks::INACTIVE_L2;
        ignored.set(OverlapChecks::ACTIVE_L2, self.l2_tables.count(table) <= count.max(1));
        self.check(ignored, table, 1 << self.cluster_bits)
    }

    /// Whether a range of the file touches metadata whose positions are known.
    pub(super) fn is_metadata(&self, offset: u64, length: u64) -> io::Result<bool> {
        Ok(self.overlap(OverlapChecks::CACHED, offset, length)?.is_some())
    }

    fn refuse(&self, checks: OverlapChecks, offset: u64, length: u64) -> Result<()> {
        match self.overlap(checks, offset, length)? {
            None => Ok(()),
            Some(name) => {
                let message =
                    format!("Preventing invalid write on metadata (overlaps with {name})");
                Err(Corruption::write(message, offset, length).into())
            }
        }
    }

    /// The name of the first region that shares a cluster with a range.
    fn overlap(
        &self,
        checks: OverlapChecks,
        offset: u64,
        length: u64,
    ) -> io::Result<Option<&'static str>> {
        let size = 1_u64 << self.cluster_bits;
        let end = offset.saturating_add(length);
        let range = offset - offset % size..end.checked_next_multiple_of(size).unwrap_or(end);
        for (flag, name) in NAMES {
            if checks.contains(flag) && self.touches(flag, &range)? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    fn touches(&self, flag: OverlapChecks, range: &Range<u64>) -> io::Result<bool> {
        let size = 1 << self.cluster_bits;
        let meets = |other: &Range<u64>| {
            !other.is_empty() && other.start < range.end && range.start < other.end
        };
        Ok(match flag {
            OverlapChecks::MAIN_HEADER => range.start < size,
            OverlapChecks::ACTIVE_L1 => meets(&self.l1_table),
            OverlapChecks::ACTIVE_L2 => self.l2_tables.touches(range, size),
            OverlapChecks::REFCOUNT_BLOCK => self.refcount_blocks.touches(range, size),
            OverlapChecks::REFCOUNT_TABLE => meets(&self.refcount_table),
            OverlapChecks::SNAPSHOT_TABLE => meets(&self.snapshot_table),
            OverlapChecks::INACTIVE_L1 => self.snapshot_l1_tables.iter().any(meets),
            OverlapChecks::INACTIVE_L2 => self.touches_inactive_l2(range)?,
            OverlapChecks::BITMAP_DIRECTORY => meets(&self.bitmap_directory),
            _several => false,
        })
    }

    /// Reads the L1 tables of all snapshots in pieces, so that memory is bounded, and only
    /// as far as the file goes.
    fn touches_inactive_l2(&self, range: &Range<u64>) -> io::Result<bool> {
        let size = 1_u64 << self.cluster_bits;
        let mut piece = vec![0; 64 << 10];
        for table in &self.snapshot_l1_tables {
            let mut at = table.start;
            let end = table.end.min(self.storage.size()?);
            while at < end {
                let length = (end - at).min(piece.len() as u64) as usize;
                self.storage.read(at, &mut piece[..length])?;
                let mut entries = piece[..length]
                    .chunks_exact(8)
                    .map(|e| e.try_into().map_or(0, u64::from_be_bytes));
                if entries.any(|entry| {
                    let l2 = entry & OFFSET_MASK;
                    l2 != 0 && l2 < range.end && range.start < l2 + size
                }) {
                    return Ok(true);
                }
                at += length as u64;
            }
        }
        Ok(false)
    }
}
