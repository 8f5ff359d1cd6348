//! A storage that keeps qcow2 images sound when the process dies in the middle of a write.
//!
//! The image library hooks new tables into an image before the reference counts of their clusters
//! are on disk: they wait in its cache. A process that dies in between leaves an image in which a
//! cluster is in use but counted as free, to be handed out a second time.
//!
//! This storage stands between the library and the file. Before it lets a write pass that refers
//! to a cluster (an entry of the L1 table or of the refcount table, or the header's pointers to
//! them), it sees to it that the cluster's count in the file is at least 1. Too high a count only
//! leaks the cluster; `qemu-img check -r leaks` gets it back. References from L2 tables need no
//! care: the library writes the counts before those.
//!
//! Nothing may ever be held back instead: the order in which the library writes is part of its
//! own rules. Loss of power is not covered, for which the host would have to be told of the order.

mod ranges;
mod refcounts;

use super::header::TablePointers;
use crate::image::forward::forward_storage;
use crate::image::storage::{BlockStorage, Storage};
use imago::Storage as ImagoStorage;
use imago::io_buffers::IoVector;
use imago::storage::drivers::CommonStorageHelper;
use parking_lot::RwLock;
pub(super) use ranges::ENTRY;
use ranges::{entries, overlap, read};
use refcounts::{Geometry, Refcounts};
use std::fmt;
use std::io;
use std::ops::Range;

/// The part of an L1 entry that is the offset of an L2 table.
const L1_OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;

/// A storage for one writable qcow2 image.
#[derive(Debug)]
pub(super) struct CrashSafeStorage {
    inner: Storage,
    /// Held alone while something is written that refers to clusters or counts them; shared to
    /// find out that a write is nothing of the kind.
    tables: RwLock<Tables>,
}

/// Where the tables of the image are, as the file says.
#[derive(Debug)]
struct Tables {
    pointers: TablePointers,
    counts: Refcounts,
}

impl CrashSafeStorage {
    /// Takes the storage of a qcow2 image that is sound and open nowhere else.
    pub(super) fn new(inner: Storage, pointers: TablePointers) -> io::Result<Self> {
        let geometry = Geometry::new(pointers.cluster_bits, pointers.refcount_order);
        let counts = Refcounts::load(&inner, geometry, &pointers.refcount_table)?;
        Ok(CrashSafeStorage { inner, tables: RwLock::new(Tables { pointers, counts }) })
    }

    /// Makes everything that a write refers to counted in the file, then lets it pass.
    fn write_tables(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        let mut tables = self.tables.write();
        // What is remembered must be what the file says, also if the write fails.
        let counts = tables.counts.clone();
        let written = self.write_counted(&mut tables, bufv, offset);
        if written.is_err() {
            let drafted = std::mem::replace(&mut tables.counts, counts);
            tables.counts.add_raised(&drafted);
        }
        written
    }

    fn write_counted(
        &self,
        tables: &mut Tables,
        bufv: IoVector<'_>,
        offset: u64,
    ) -> io::Result<()> {
        let mut buffer = bufv.try_into_owned(self.inner.mem_align())?;
        let bytes = buffer.as_mut().into_slice();
        let range = offset..offset + bytes.len() as u64;
        tables.counts.preserve_raised(&range, bytes);
        tables.before_l1_write(&self.inner, offset, bytes)?;
        tables.before_refcount_table_write(&self.inner, offset, bytes)?;
        let pointers = tables.before_header_write(&self.inner, offset, bytes)?;
        // SAFETY: the caller keeps the alignment and holds the blockers for this range, and the
        // buffer is aligned as the inner storage wants it.
        unsafe { self.inner.pure_writev(buffer.as_ref().into(), offset) }?;
        if let Some(pointers) = pointers {
            tables.pointers = pointers;
        }
        Ok(())
    }
}

impl Tables {
    /// Whether a write to the range could refer to clusters or change counts.
    fn concern(&self, range: &Range<u64>) -> bool {
        range.start < TablePointers::LENGTH
            || overlap(range, &self.pointers.l1_table).is_some()
            || overlap(range, &self.pointers.refcount_table).is_some()
            || self.counts.has_block_in(range)
    }

    fn before_l1_write(&mut self, inner: &Storage, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let table = self.pointers.l1_table.clone();
        let Some(change) = Change::new(inner, &table, offset, bytes)? else { return Ok(()) };
        for (_, entry) in change.new_entries() {
            self.counts.raise(inner, entry & L1_OFFSET_MASK)?;
        }
        Ok(())
    }

    fn before_refcount_table_write(
        &mut self,
        inner: &Storage,
        offset: u64,
        bytes: &[u8],
    ) -> io::Result<()> {
        let table = self.pointers.refcount_table.clone();
        let Some(change) = Change::new(inner, &table, offset, bytes)? else { return Ok(()) };
        let entries: Vec<(u64, u64)> = change.changed_entries().collect();
        for (at, entry) in &entries {
            self.counts.set_block((at - table.start) / ENTRY, *entry);
        }
        // The count of a new block may be in that very block.
        for (_, entry) in entries {
            self.counts.raise(inner, entry)?;
        }
        Ok(())
    }

    /// Gives the pointers to the tables if the write changes them.
    fn before_header_write(
        &mut self,
        inner: &Storage,
        offset: u64,
        bytes: &[u8],
    ) -> io::Result<Option<TablePointers>> {
        let whole = 0..TablePointers::LENGTH;
        let Some(change) = Change::new(inner, &whole, offset, bytes)? else { return Ok(None) };
        let pointers = self.pointers.updated(&change.after)?;
        if pointers.refcount_table != self.pointers.refcount_table {
            // Its blocks were written before; from now on, they count.
            let geometry = self.counts.geometry();
            let mut counts = Refcounts::load(inner, geometry, &pointers.refcount_table)?;
            counts.copy_raised(&self.counts);
            self.counts = counts;
            self.counts.raise_blocks(inner)?;
            self.raise_all(inner, &pointers.refcount_table)?;
        }
        if pointers.l1_table != self.pointers.l1_table {
            self.raise_all(inner, &pointers.l1_table)?;
            for (_, entry) in entries(&read(inner, &pointers.l1_table)?) {
                self.counts.raise(inner, entry & L1_OFFSET_MASK)?;
            }
        }
        Ok(Some(pointers))
    }

    /// Makes all clusters of a table counted.
    fn raise_all(&mut self, inner: &Storage, table: &Range<u64>) -> io::Result<()> {
        let cluster_size = self.counts.geometry().cluster_size();
        let mut offset = table.start;
        while offset < table.end {
            self.counts.raise(inner, offset)?;
            offset += cluster_size;
        }
        Ok(())
    }
}

/// What a write does to a table.
struct Change {
    /// Where the entries begin that are written, wholly or in part.
    start: u64,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Change {
    /// The part of a write that concerns a table, if any.
    fn new(
        inner: &Storage,
        table: &Range<u64>,
        offset: u64,
        bytes: &[u8],
    ) -> io::Result<Option<Self>> {
        let written = offset..offset + bytes.len() as u64;
        let Some(part) = overlap(&written, table) else { return Ok(None) };
        // Tables begin at multiples of the size of an entry, and hold whole entries.
        let start = part.start - part.start % ENTRY;
        let before = read(inner, &(start..part.end.next_multiple_of(ENTRY)))?;
        let mut after = before.clone();
        let from = (part.start - offset) as usize..(part.end - offset) as usize;
        let to = (part.start - start) as usize..(part.end - start) as usize;
        after[to].copy_from_slice(&bytes[from]);
        Ok(Some(Change { start, before, after }))
    }

    /// The entries that become others, with their offsets in the file.
    fn changed_entries(&self) -> impl Iterator<Item = (u64, u64)> {
        let both = entries(&self.before).zip(entries(&self.after));
        both.filter(|(before, after)| before != after)
            .map(|(_, (at, entry))| (self.start + at, entry))
    }

    /// The same, without those that become empty.
    fn new_entries(&self) -> impl Iterator<Item = (u64, u64)> {
        self.changed_entries().filter(|(_, entry)| *entry != 0)
    }
}

impl fmt::Display for CrashSafeStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner, f)
    }
}

/// Data of the image are below the tables, so the block status is not asked here.
impl BlockStorage for CrashSafeStorage {}

impl ImagoStorage for CrashSafeStorage {
    fn size(&self) -> io::Result<u64> {
        self.inner.size()
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        let concerns_tables = {
            let range = offset..offset.saturating_add(bufv.len());
            self.tables.read().concern(&range)
        };
        if concerns_tables {
            return self.write_tables(bufv, offset);
        }
        // SAFETY: the caller keeps the alignment that this object reports, which is the inner
        // one; the write blockers are the inner storage's own.
        unsafe { self.inner.pure_writev(bufv, offset) }
    }

    // The library zeroes data clusters only, so that requests for zeroes concern no tables.
    forward_storage!(self => self.inner);

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        self.inner.get_storage_helper()
    }
}
