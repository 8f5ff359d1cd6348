//! Reads and changes of the entries of L2 tables.

use parking_lot::MutexGuard;
use rustix::io::Errno;

use super::allocate::Purpose;
use super::corruption::{Corruption, Failure, Hex, Result};
use super::freed::FreedKind;
use super::{Clusters, Guard, State};
use crate::image::memory::zeroed;
use crate::image::qcow2::format::entry::{COPIED, Entry, EntryFault};

impl Clusters {
    /// The entries of at most `most` clusters from an offset on, up to the end of their slice.
    /// Without a table, all of them are unallocated. There is at least one.
    ///
    /// May release the lock before it looks up the entries.
    pub(super) fn entries(
        &self,
        state: &mut Guard<'_>,
        offset: u64,
        most: u64,
    ) -> Result<Vec<Entry>> {
        let geometry = &self.geometry;
        loop {
            let per_slice = state.tables.entries_per_slice();
            let left = per_slice - geometry.l2_index(offset) % per_slice;
            let count = most.clamp(1, left) as usize;
            let Some(table) = state.tables.l2_offset(offset)? else {
                return Ok(vec![Entry::default(); count]);
            };
            let (slice, number) = state.tables.place(table, offset);
            if let Some(bytes) = state.tables.slices.get(slice) {
                let size = geometry.entry_size() as usize;
                let entries = bytes.chunks_exact(size).skip(number as usize).take(count);
                return Ok(entries.map(|entry| Entry::parse(geometry, entry)).collect());
            }
            self.load_slice(state, slice)?;
        }
    }

    /// Reads a slice of a table into the cache, without the lock. If another request reads the
    /// slice already, waits for the end of a read instead.
    fn load_slice(&self, state: &mut Guard<'_>, slice: u64) -> Result<()> {
        if !state.tables.loading.insert(slice) {
            self.changed.wait(state);
            return Ok(());
        }
        let mut bytes = zeroed(state.tables.slices.piece_size() as usize)?.into_boxed_slice();
        let read = MutexGuard::unlocked(state, || self.storages.file.read(slice, &mut bytes));
        state.tables.loading.remove(&slice);
        self.changed.notify_all();
        read?;
        self.make_room(state)?;
        state.tables.slices.insert(slice, bytes);
        Ok(())
    }

    /// Makes room for another slice in the cache.
    fn make_room(&self, state: &mut State) -> Result<()> {
        if state.tables.slices.is_full_of_changes() {
            self.write_references(state)?;
        }
        Ok(())
    }

    /// Changes adjacent entries of one slice. Allocates the table if necessary. May release the
    /// lock before the change.
    pub(super) fn set_entries(
        &self,
        state: &mut Guard<'_>,
        offset: u64,
        entries: &[Entry],
    ) -> Result<()> {
        loop {
            let table = self.writable_table(state, offset)?;
            let (slice, number) = state.tables.place(table, offset);
            if state.tables.change(slice, number, entries) {
                return Ok(());
            }
            self.load_slice(state, slice)?;
        }
    }

    /// The offset of the L2 table for an offset in the image. Allocates a table, or copies one that
    /// has other references.
    pub(super) fn writable_table(&self, state: &mut State, offset: u64) -> Result<u64> {
        let shared = state.tables.l2_offset(offset)?;
        if let Some(table) = shared.filter(|_| state.tables.is_l2_copied(offset)) {
            if state.regions.is_shared_l2(table) {
                let (counts, regions) = state.counts()?;
                let count = counts.get(regions, table / self.geometry.cluster_size())?;
                regions.check_shared_l2(table, count)?;
            }
            return Ok(table);
        }
        let index = self.geometry.l1_index(offset);
        if index >= state.tables.l1_entries() {
            return Err(Errno::IO.into());
        }
        let size = self.geometry.cluster_size();
        let mut bytes = zeroed(size as usize)?;
        if let Some(shared) = shared {
            let (counts, regions) = state.counts()?;
            let count = counts.get(regions, shared / size)?;
            regions.check_shared_l2(shared, count)?;
            // The table has changes in the cache if the flag of another reference to it is wrong.
            if state.tables.slices.has_changes(shared..shared + size) {
                self.write_references(state)?;
            }
            self.storages.file.read(shared, &mut bytes)?;
        }
        let (counts, regions) = state.counts()?;
        let (table, _) = counts.allocate(regions, Purpose::L2Table, 1)?;
        // No entry refers to the table yet, so it may be written before its count.
        if let Err(error) = self.storages.file.write(table, &bytes) {
            let (counts, regions) = state.counts()?;
            counts.release(regions, table, size)?;
            return Err(error.into());
        }
        let State { tables, regions, .. } = state;
        tables.set_l1_entry(regions, index, table | COPIED);
        self.insert_slice(state, table, offset, &bytes)?;
        if let Some(shared) = shared {
            self.free_later(state, shared..shared + size, FreedKind::L2Table, false)?;
        }
        Ok(table)
    }

    /// Inserts the slice for an offset in the image into the cache, from the contents of a table.
    fn insert_slice(
        &self,
        state: &mut State,
        table: u64,
        offset: u64,
        bytes: &[u8],
    ) -> Result<()> {
        self.make_room(state)?;
        let (slice, _) = state.tables.place(table, offset);
        let start = (slice - table) as usize;
        let end = start + state.tables.slices.piece_size() as usize;
        state.tables.slices.insert(slice, bytes[start..end].into());
        Ok(())
    }

    /// The failure of a request that reads or removes an invalid entry.
    pub(super) fn invalid_entry(
        &self,
        state: &State,
        offset: u64,
        entry: Entry,
        fault: EntryFault,
    ) -> Failure {
        let (table, number) = self.entry_position(state, offset);
        let host = Hex(entry.offset());
        let text = match fault {
            EntryFault::Unaligned => format!(
                "Cluster allocation offset {host} unaligned (L2 offset: {table}, L2 index: \
                 {number})"
            ),
            // QEMU has two spaces here, but only for reads.
            EntryFault::Invalid => {
                format!("Invalid cluster entry found  (L2 offset: {table}, L2 index: {number})")
            }
            EntryFault::Displaced => {
                let guest = Hex(offset - offset % self.geometry.cluster_size());
                format!(
                    "External data file host cluster offset {host} does not match guest cluster \
                     offset: {guest}, L2 index: {number})"
                )
            }
            EntryFault::Compressed => format!(
                "Compressed cluster entry found in image with external data file (L2 offset: \
                 {table}, L2 index: {number})"
            ),
            EntryFault::Zero => format!(
                "Zero cluster entry found in pre-v3 image (L2 offset: {table}, L2 index: \
                 {number})"
            ),
        };
        Corruption::new(text).into()
    }

    /// As [`Clusters::invalid_entry`], for a request that writes to the cluster.
    pub(super) fn invalid_entry_for_write(
        &self,
        state: &State,
        offset: u64,
        entry: Entry,
        fault: EntryFault,
    ) -> Failure {
        let text = match fault {
            EntryFault::Unaligned if entry.is_copied() => {
                let what = if entry.has_zero_flag() { "Preallocated zero" } else { "Data" };
                let (host, guest) = (Hex(entry.offset()), Hex(offset));
                format!("{what} cluster offset {host} unaligned (guest offset: {guest})")
            }
            EntryFault::Invalid => {
                let (table, number) = self.entry_position(state, offset);
                format!("Invalid cluster entry found (L2 offset: {table}, L2 index: {number})")
            }
            EntryFault::Unaligned
            | EntryFault::Displaced
            | EntryFault::Compressed
            | EntryFault::Zero => {
                return self.invalid_entry(state, offset, entry, fault);
            }
        };
        Corruption::new(text).into()
    }

    /// The offset of the table with the entry for an offset in the image, and the number of the
    /// entry in its slice, as messages show them.
    fn entry_position(&self, state: &State, offset: u64) -> (Hex, Hex) {
        // The entry was found in a table, so the offset of the table is valid.
        let table = state.tables.l2_offset(offset).ok().flatten().unwrap_or(0);
        let (_, number) = state.tables.place(table, offset);
        (Hex(table), Hex(number))
    }
}
