//! A storage that protects qcow2 images of the image library from corruption when the process dies.
//!
//! The library writes references to new tables before the reference counts of their clusters, which
//! wait in its cache. If the process dies in between, a cluster is in use but counted as free, and
//! is allocated a second time later.
//!
//! This storage stands between the library and the file. Before a write that refers to a cluster
//! (an entry of the L1 table or of the refcount table, or a pointer to them in the header), it
//! raises the cluster's count in the file to at least 1. A count that is too high only leaks the
//! cluster, which `qemu-img check -r leaks` frees. References from L2 tables need no care, as the
//! library writes their counts first.
//!
//! Writes are never delayed instead, as the library relies on their order. A loss of power is not
//! covered, as the order of writes to the disk is not enforced.

mod ranges;
mod refcounts;

use std::fmt;
use std::io;
use std::ops::Range;

use imago::Storage as ImagoStorage;
use imago::io_buffers::IoVector;
use imago::storage::drivers::CommonStorageHelper;
use parking_lot::RwLock;

use super::header::TablePointers;
use crate::image::forward::forward_storage;
use crate::image::storage::{BlockStorage, Storage};
pub(super) use ranges::ENTRY;
use ranges::{entries, overlap, read};
use refcounts::{Geometry, Refcounts};

/// The bits of an L1 entry with the offset of an L2 table.
const L1_OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;

/// A storage for one writable qcow2 image.
#[derive(Debug)]
pub(super) struct CrashSafeStorage {
    inner: Storage,
    /// Locked exclusively during writes to tables, and shared to find out whether a write touches
    /// them.
    tables: RwLock<Tables>,
}

/// The tables of the image, as in the file.
#[derive(Debug)]
struct Tables {
    pointers: TablePointers,
    counts: Refcounts,
}

impl CrashSafeStorage {
    /// The storage of a qcow2 image that is not corrupt and not open elsewhere.
    pub(super) fn new(inner: Storage, pointers: TablePointers) -> io::Result<Self> {
        let geometry = Geometry::new(pointers.cluster_bits, pointers.refcount_order);
        let counts = Refcounts::load(&inner, geometry, &pointers.refcount_table)?;
        Ok(CrashSafeStorage { inner, tables: RwLock::new(Tables { pointers, counts }) })
    }

    /// Raises the counts of all clusters that a write refers to, then makes the write.
    fn write_tables(&self, bufv: IoVector<'_>, offset: u64) -> io::Result<()> {
        let mut tables = self.tables.write();
        // A copy for the case that the write fails: the state must match the file then too.
        let counts = tables.counts.clone();
        let written = self.write_counted(&mut tables, bufv, offset);
        if written.is_err() {
            let attempted = std::mem::replace(&mut tables.counts, counts);
            tables.counts.add_raised(&attempted);
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
        // SAFETY: the caller observes the alignment and holds the write blockers of this range, and
        // the buffer has the alignment that `inner` requires.
        unsafe { self.inner.pure_writev(buffer.as_ref().into(), offset) }?;
        if let Some(pointers) = pointers {
            tables.pointers = pointers;
        }
        Ok(())
    }
}

impl Tables {
    /// Whether a write to the range may touch tables.
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
        // The count of a new block may be in the block itself.
        for (_, entry) in entries {
            self.counts.raise(inner, entry)?;
        }
        Ok(())
    }

    /// Returns the new pointers to the tables if the write touches the header.
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
            // The blocks of the new table are in the file already. This write puts them into use.
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

    /// Raises the counts of all clusters of a table.
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

/// The effect of a write on a table.
struct Change {
    /// The offset of the first entry that is written, wholly or in part.
    start: u64,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Change {
    /// The part of a write that touches a table, if any.
    fn new(
        inner: &Storage,
        table: &Range<u64>,
        offset: u64,
        bytes: &[u8],
    ) -> io::Result<Option<Self>> {
        let written = offset..offset + bytes.len() as u64;
        let Some(part) = overlap(&written, table) else { return Ok(None) };
        // Tables are aligned to the size of an entry and contain whole entries.
        let start = part.start - part.start % ENTRY;
        let before = read(inner, &(start..part.end.next_multiple_of(ENTRY)))?;
        let mut after = before.clone();
        let from = (part.start - offset) as usize..(part.end - offset) as usize;
        let to = (part.start - start) as usize..(part.end - start) as usize;
        after[to].copy_from_slice(&bytes[from]);
        Ok(Some(Change { start, before, after }))
    }

    /// The entries that change, with their offsets in the file.
    fn changed_entries(&self) -> impl Iterator<Item = (u64, u64)> {
        let both = entries(&self.before).zip(entries(&self.after));
        both.filter(|(before, after)| before != after)
            .map(|(_, (at, entry))| (self.start + at, entry))
    }

    /// The entries that change and do not become empty.
    fn new_entries(&self) -> impl Iterator<Item = (u64, u64)> {
        self.changed_entries().filter(|(_, entry)| *entry != 0)
    }
}

impl fmt::Display for CrashSafeStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner, f)
    }
}

/// The engine computes the block status, so this storage is never asked for it.
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
        // SAFETY: the caller observes the alignment that this object reports, which is that of
        // `inner`. The write blockers are those of `inner`.
        unsafe { self.inner.pure_writev(bufv, offset) }
    }

    // The library zeroes data clusters only, so requests for zeroes do not touch tables.
    forward_storage!(self => self.inner);

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        self.inner.get_storage_helper()
    }
}
