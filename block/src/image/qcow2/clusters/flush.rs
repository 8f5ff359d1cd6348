//! Writing changes of tables to the file, in an order that keeps the image consistent.

use std::io;
use std::ops::Range;

use super::corruption::Result;
use super::discard::discard_below;
use super::freed::{FreedKind, FreedRange};
use super::refcounts::Refcounts;
use super::regions::Regions;
use super::{Clusters, Guard, State};

impl Clusters {
    /// Writes all changes of tables and counts to the storages below.
    pub(in crate::image::qcow2) fn flush(&self) -> io::Result<()> {
        let written = self.request(|state| {
            if state.counts.is_some() {
                self.write_all(state)?;
            }
            Ok(())
        });
        written?;
        self.data().flush()?;
        self.storages.file.flush()
    }

    /// Flushes all writes to the disk: first the data, then the references to them.
    pub(in crate::image::qcow2) fn sync(&self) -> io::Result<()> {
        if let Some(data) = &self.storages.data {
            data.sync()?;
        }
        self.storages.file.sync()
    }

    /// Writes all changes, and frees clusters without references.
    pub(super) fn write_all(&self, state: &mut Guard<'_>) -> Result<()> {
        self.write_references(state)?;
        self.free_clusters(state)?;
        let (counts, regions) = state.counts()?;
        counts.write_back(regions)
    }

    /// Writes the changes of L2 tables and the L1 table. The counts of the clusters come first.
    pub(super) fn write_references(&self, state: &mut State) -> Result<()> {
        if !state.tables.is_dirty() {
            return Ok(());
        }
        state.check_usable()?;
        let State { tables, counts, regions, .. } = state;
        let Some(counts) = counts else { return Ok(()) };
        counts.write_back(regions)?;
        if let Some(data) = self.storages.data.as_ref().filter(|_| !self.no_flush) {
            data.sync()?;
        }
        counts.sync()?;
        let has_changes = tables.slices.is_dirty();
        tables.write_slices(regions)?;
        if tables.has_dirty_l1_entries() {
            if has_changes {
                counts.sync_now()?;
            }
            tables.write_l1_entries(regions)?;
        }
        Ok(())
    }

    /// Frees the clusters whose references have been removed, as far as no request in flight may
    /// use them. All changes of tables are in the file.
    fn free_clusters(&self, state: &mut Guard<'_>) -> Result<()> {
        let State { tables, counts, regions, in_flight, freed, .. } = &mut **state;
        let Some(counts) = counts else { return Ok(()) };
        let freed = freed.take(|freed| !in_flight.has_older(freed.number));
        if freed.is_empty() {
            return Ok(());
        }
        counts.sync_now()?;
        for FreedRange { range, number: _, kind, is_written } in freed {
            counts.release(regions, range.start, range.end - range.start)?;
            let bits = self.geometry.cluster_bits;
            if kind == FreedKind::L2Table {
                for table in range.clone().step_by(1 << bits) {
                    if counts.get(regions, table >> bits)? == 0 {
                        tables.slices.remove(&(table..table + (1 << bits)));
                    }
                }
            }
            if self.discard_policy.passes(kind) && !is_written {
                self.discard_free(counts, regions, range)?;
            }
        }
        Ok(())
    }

    /// Lets the file free the space of those clusters of a range that are free.
    fn discard_free(
        &self,
        counts: &mut Refcounts,
        regions: &Regions,
        range: Range<u64>,
    ) -> Result<()> {
        let size = self.geometry.cluster_size();
        let mut start = range.start;
        for cluster in range.clone().step_by(size as usize) {
            if counts.get(regions, cluster / size)? != 0 {
                self.discard_in_file(start..cluster);
                start = cluster + size;
            }
        }
        self.discard_in_file(start..range.end);
        Ok(())
    }

    fn discard_in_file(&self, range: Range<u64>) {
        if !range.is_empty() {
            discard_below(&self.storages.file, range.start, range.end - range.start);
        }
    }

    /// Removes one reference to a range of the file, whose reference has been removed from the
    /// tables. `is_only` is whether the table said that it was the only one.
    ///
    /// As in QEMU, a count of zero is only reported. Such a cluster may be allocated at any time,
    /// so its later count belongs to another reference.
    ///
    /// A cluster with other references, of which its count has none, stays allocated: either the
    /// table or the count is wrong, and an unused cluster does no damage.
    pub(super) fn free_later(
        &self,
        state: &mut State,
        range: Range<u64>,
        kind: FreedKind,
        is_only: bool,
    ) -> Result<()> {
        let number = state.in_flight.next();
        let size = self.geometry.cluster_size();
        let start = range.start - range.start % size;
        for offset in (start..range.end).step_by(size as usize) {
            let removed = state.freed.references(offset);
            let (counts, regions) = state.counts()?;
            match counts.get(regions, offset / size)?.saturating_sub(removed) {
                0 => tracing::warn!("qcow2_free_clusters failed: Invalid argument"),
                1 if !is_only => {
                    tracing::warn!(offset, "the count of a shared cluster is 1; it is not freed");
                }
                _count => {
                    let range = offset..offset + size;
                    state.freed.push(FreedRange { range, number, kind, is_written: false });
                }
            }
        }
        Ok(())
    }
}
