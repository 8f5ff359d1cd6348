//! The L1 table, and a cache of slices of L2 tables.
//!
//! Changes of entries go to memory. [`Tables::write_back`] writes them: first the slices, then the
//! entries of the L1 table, so that no entry points to a table that is not in the file.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::Range;

use rustix::io::Errno;

use super::cache::{TableCache, metadata_alignment};
use super::corruption::{Corruption, Hex, Result};
use super::regions::{Offsets, OverlapChecks, Regions};
use crate::image::memory::{read_table, table_bytes};
use crate::image::qcow2::format::entry::{COPIED, Entry, OFFSET_MASK};
use crate::image::qcow2::format::geometry::Geometry;
use crate::image::storage::Storage;

/// The offset of the header fields with the length and the position of the L1 table.
const L1_FIELDS: u64 = 36;

/// The L1 table, and a cache of slices of L2 tables.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) storage: Storage,
    pub(super) geometry: Geometry,
    l1_offset: u64,
    l1: Vec<u64>,
    /// The entries of the L1 table that differ from the file.
    dirty_entries: Range<usize>,
    pub(super) slices: TableCache,
    /// The offsets of the slices that requests are reading from the file.
    pub(super) loading: BTreeSet<u64>,
}

impl Tables {
    pub(super) fn load(
        storage: &Storage,
        geometry: Geometry,
        regions: &mut Regions,
        cached_slices: NonZeroUsize,
        slice_size: u64,
    ) -> Result<Self> {
        let range = regions.l1_table.clone();
        let length = range.end - range.start;
        let l1 = read_table(length, |bytes| storage.read(range.start, bytes))?;
        regions.l2_tables = Offsets::new(l1.iter().map(|entry| entry & OFFSET_MASK))?;
        Ok(Tables {
            storage: storage.clone(),
            geometry,
            l1_offset: range.start,
            l1,
            dirty_entries: 0..0,
            slices: TableCache::new(cached_slices, slice_size),
            loading: BTreeSet::new(),
        })
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.slices.is_dirty() || !self.dirty_entries.is_empty()
    }

    pub(super) fn has_dirty_l1_entries(&self) -> bool {
        !self.dirty_entries.is_empty()
    }

    pub(super) fn l1_entries(&self) -> u64 {
        self.l1.len() as u64
    }

    /// An entry of the L1 table; 0 beyond its end.
    pub(super) fn l1_entry(&self, index: u64) -> u64 {
        self.l1.get(index as usize).copied().unwrap_or(0)
    }

    /// The offset of the L2 table for an offset in the image.
    pub(super) fn l2_offset(&self, offset: u64) -> Result<Option<u64>> {
        let index = self.geometry.l1_index(offset);
        match self.l1_entry(index) & OFFSET_MASK {
            0 => Ok(None),
            table if table.is_multiple_of(self.geometry.cluster_size()) => Ok(Some(table)),
            table => {
                let (table, index) = (Hex(table), Hex(index));
                let text = format!("L2 table offset {table} unaligned (L1 index: {index})");
                Err(Corruption::new(text).into())
            }
        }
    }

    /// Whether the L2 table for an offset in the image has no other reference.
    pub(super) fn is_l2_copied(&self, offset: u64) -> bool {
        let entry = self.l1_entry(self.geometry.l1_index(offset));
        entry & COPIED != 0 && entry & OFFSET_MASK != 0
    }

    /// The position of the entry for an offset in the image: the offset of its slice of the table
    /// `l2`, and its number in the slice.
    pub(super) fn place(&self, l2: u64, offset: u64) -> (u64, u64) {
        let index = self.geometry.l2_index(offset);
        let per_slice = self.entries_per_slice();
        (l2 + index / per_slice * self.slices.piece_size(), index % per_slice)
    }

    pub(super) fn entries_per_slice(&self) -> u64 {
        self.slices.piece_size() / self.geometry.entry_size()
    }

    /// Changes adjacent entries of a slice. Returns false if the slice is not in the cache.
    pub(super) fn change(&mut self, slice: u64, number: u64, entries: &[Entry]) -> bool {
        let geometry = self.geometry;
        let start = (number * geometry.entry_size()) as usize;
        let mut bytes = Vec::with_capacity(entries.len() * geometry.entry_size() as usize);
        for entry in entries {
            entry.push(&geometry, &mut bytes);
        }
        let range = start..start + bytes.len();
        self.slices.change(slice, |slice| {
            slice[range.clone()].copy_from_slice(&bytes);
            range
        })
    }

    /// Changes an entry of the L1 table.
    pub(super) fn set_l1_entry(&mut self, regions: &mut Regions, index: u64, entry: u64) {
        let index = index as usize;
        let Some(known) = self.l1.get_mut(index) else { return };
        regions.l2_tables.replace(*known & OFFSET_MASK, entry & OFFSET_MASK);
        *known = entry;
        let dirty = &self.dirty_entries;
        self.dirty_entries = match dirty.is_empty() {
            true => index..index + 1,
            false => dirty.start.min(index)..dirty.end.max(index + 1),
        };
    }

    /// Writes the slices with changes.
    pub(super) fn write_slices(&mut self, regions: &Regions) -> Result<()> {
        let (storage, size) = (&self.storage, self.slices.piece_size());
        self.slices.write_dirty(metadata_alignment(storage), |offset, bytes| {
            // The event of a refused write has the slice, which QEMU would write.
            regions.check(OverlapChecks::ACTIVE_L2, offset - offset % size, size)?;
            Ok(storage.write(offset, bytes)?)
        })
    }

    /// Writes the entries of the L1 table that differ from the file, in aligned units.
    pub(super) fn write_l1_entries(&mut self, regions: &Regions) -> Result<()> {
        let dirty = self.dirty_entries.clone();
        if dirty.is_empty() {
            return Ok(());
        }
        let unit = metadata_alignment(&self.storage).min(self.geometry.cluster_size() as usize);
        let first = dirty.start - dirty.start % (unit / 8);
        let last = dirty.end.next_multiple_of(unit / 8);
        let entries = &self.l1[first..last.min(self.l1.len())];
        // The rest of the last cluster of the table is not in use.
        let bytes = table_bytes(entries, (last - first) * 8)?;
        let offset = self.l1_offset + first as u64 * 8;
        // The event of a refused write has the first entry, which QEMU would write.
        let smallest = self.storage.request_alignment().clamp(8, unit as u64);
        let entry = self.l1_offset + dirty.start as u64 * 8;
        regions.check(OverlapChecks::ACTIVE_L1, entry - entry % smallest, smallest)?;
        regions.check(OverlapChecks::ACTIVE_L1, offset, bytes.len() as u64)?;
        self.storage.write(offset, &bytes)?;
        self.dirty_entries = 0..0;
        Ok(())
    }

    /// Writes a copy of the L1 table with `entries` entries to a free position.
    pub(super) fn write_l1_copy(&self, offset: u64, entries: u64) -> Result<()> {
        let length = (entries * 8).next_multiple_of(self.geometry.cluster_size());
        let bytes = table_bytes(&self.l1, length as usize)?;
        Ok(self.storage.write(offset, &bytes)?)
    }

    /// Makes a copy of the L1 table that is in the file the active one. Returns the range of the
    /// former one.
    pub(super) fn switch_l1(
        &mut self,
        regions: &mut Regions,
        offset: u64,
        entries: u64,
    ) -> Result<Range<u64>> {
        let length = u32::try_from(entries).map_err(|_| Errno::FBIG)?;
        let added = (entries as usize).saturating_sub(self.l1.len());
        self.l1.try_reserve_exact(added).map_err(|_| Errno::NOMEM)?;
        let mut fields = length.to_be_bytes().to_vec();
        fields.extend_from_slice(&offset.to_be_bytes());
        regions.check(OverlapChecks::MAIN_HEADER, L1_FIELDS, fields.len() as u64)?;
        self.storage.write(L1_FIELDS, &fields)?;
        self.l1.resize(entries as usize, 0);
        self.l1_offset = offset;
        let new = offset..offset + entries * 8;
        Ok(std::mem::replace(&mut regions.l1_table, new))
    }
}
