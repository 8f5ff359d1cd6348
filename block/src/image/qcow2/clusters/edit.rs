//! Changes of an image that is not in use, which take effect as a whole.
//!
//! The refcount structure, and the tables that change, are copied to clusters that are free. One
//! write to the header makes the copies the structures of the image. It is within one sector, so
//! that the image has either all of the changes or none of them if the process dies or the power
//! fails.

use std::num::NonZeroUsize;
use std::ops::Range;

use rustix::io::Errno;

use super::allocate::Purpose;
use super::corruption::{Failure, Result};
use super::open_error;
use super::refcounts::{OFFSET_END, Refcounts};
use super::regions::{OverlapChecks, Regions};
use super::shadow::FormerStructure;
use crate::error::Result as OpenResult;
use crate::image::qcow2::format::entry::{COPIED, Entry, OFFSET_MASK};
use crate::image::qcow2::format::geometry::Geometry;
use crate::image::qcow2::header::{Header, TablePointers};
use crate::image::storage::Storage;

/// The offset of the first header field that changes: the size of the image.
const FIRST_FIELD: u64 = 24;
/// The memory for refcount blocks, in bytes.
const BLOCKS_MEMORY: u64 = 4 << 20;

/// The sizes of the tables that a change writes at most.
#[derive(Clone, Copy, Debug)]
pub(in crate::image::qcow2) struct Room {
    /// The number of entries of the L1 table.
    pub(in crate::image::qcow2) l1_entries: u64,
    /// The size of the table of snapshots in bytes.
    pub(in crate::image::qcow2) snapshot_table: u64,
}

/// A change of an image that is not in use. Without [`Edit::commit`], the image is unchanged.
#[derive(Debug)]
pub(in crate::image::qcow2) struct Edit {
    pub(super) storage: Storage,
    pub(super) geometry: Geometry,
    regions: Regions,
    counts: Refcounts,
    /// Until the change is made.
    former: Option<FormerStructure>,
    size: u64,
    l1_table: Range<u64>,
    refcount_table: Range<u64>,
    snapshot_table: Range<u64>,
    snapshots: u32,
}

impl Edit {
    /// Begins a change of an image whose table of snapshots is `snapshot_table`.
    ///
    /// # Errors
    /// Those of the storage; or tables of the image are invalid.
    pub(in crate::image::qcow2) fn begin(
        storage: &Storage,
        header: &Header,
        snapshot_table: Range<u64>,
        room: Room,
        no_flush: bool,
    ) -> OpenResult<Self> {
        let geometry = Geometry::new(header);
        let mut regions = Regions::new(storage, header, OverlapChecks::default())?;
        let cached = (BLOCKS_MEMORY / geometry.cluster_size()).max(2) as usize;
        let cached = NonZeroUsize::new(cached).unwrap_or(NonZeroUsize::MIN);
        let started = Refcounts::load(storage, geometry, &mut regions, cached, no_flush)
            .and_then(|mut counts| {
                let tables = [room.l1_entries * 8, room.snapshot_table];
                let tables = tables.map(|bytes| bytes.div_ceil(geometry.cluster_size()));
                // Each L2 table of a sound image has a cluster of its own.
                let most = storage.size()?.div_ceil(geometry.cluster_size());
                let more = tables.iter().sum::<u64>() + room.l1_entries.min(most);
                let former = counts.copy_structure(&mut regions, more)?;
                Ok((counts, former))
            });
        // The caller names the step that a failure of the storage has prevented.
        let (counts, former) = started.map_err(|failure| match failure {
            Failure::Io(source) => source.into(),
            corrupt @ Failure::Corrupt(_) => open_error(corrupt),
        })?;
        // All allocations are behind the clusters in use, so that they meet no table.
        regions.forget_tables();
        Ok(Edit {
            storage: storage.clone(),
            geometry,
            size: header.size(),
            l1_table: header.table_pointers().l1_table.clone(),
            refcount_table: regions.refcount_table.clone(),
            snapshots: header.snapshot_table().snapshots,
            regions,
            counts,
            former: Some(former),
            snapshot_table,
        })
    }

    /// The active L1 table.
    pub(in crate::image::qcow2) fn l1_table(&self) -> Range<u64> {
        self.l1_table.clone()
    }

    /// Sets the size of the image.
    pub(in crate::image::qcow2) fn set_size(&mut self, size: u64) {
        self.size = size;
    }

    /// Makes copies of an L1 table and of its L2 tables the active ones. Their data get another
    /// reference.
    ///
    /// # Errors
    /// [`Errno::INVAL`] if a count is at its maximum; those of the storage.
    pub(in crate::image::qcow2) fn activate_copy(
        &mut self,
        l1: Range<u64>,
    ) -> std::io::Result<()> {
        self.copied(l1).map_err(into_io)
    }

    fn copied(&mut self, l1: Range<u64>) -> Result<()> {
        let mut entries = self.l1_entries(&l1)?;
        for entry in entries.iter_mut().filter(|entry| **entry & OFFSET_MASK != 0) {
            let mut table = self.l2_table(*entry & OFFSET_MASK)?;
            for one in &mut table {
                self.retain(*one)?;
                one.word &= if one.is_compressed() { u64::MAX } else { !COPIED };
            }
            *entry = self.write_l2_table(&table)? | COPIED;
        }
        self.write_l1_table(&entries)
    }

    /// Removes the references of an L1 table, of its L2 tables and to their data.
    ///
    /// # Errors
    /// Those of the storage; or a table is invalid.
    pub(in crate::image::qcow2) fn release_tree(
        &mut self,
        l1: Range<u64>,
    ) -> std::io::Result<()> {
        self.released(&l1).map_err(into_io)
    }

    fn released(&mut self, l1: &Range<u64>) -> Result<()> {
        // Freed clusters are not allocated before the end, as the image still refers to them.
        let free_from = self.counts.free_from;
        for entry in self.l1_entries(l1)? {
            let offset = entry & OFFSET_MASK;
            if offset == 0 {
                continue;
            }
            for one in self.l2_table(offset)? {
                for cluster in self.clusters(one)? {
                    self.release(cluster..cluster + 1)?;
                }
            }
            self.release(offset..offset + self.geometry.cluster_size())?;
        }
        self.release(l1.clone())?;
        self.counts.free_from = free_from;
        Ok(())
    }

    /// Sets the flags in the active tables of clusters with one reference, and clears those of
    /// others. Tables whose flags change are copied.
    ///
    /// # Errors
    /// Those of the storage; or a table is invalid.
    pub(in crate::image::qcow2) fn update_flags(&mut self) -> std::io::Result<()> {
        self.flags_updated().map_err(into_io)
    }

    fn flags_updated(&mut self) -> Result<()> {
        let l1 = self.l1_table.clone();
        let mut entries = self.l1_entries(&l1)?;
        for entry in entries.iter_mut().filter(|entry| **entry & OFFSET_MASK != 0) {
            let offset = *entry & OFFSET_MASK;
            let mut table = self.l2_table(offset)?;
            if self.set_flags(&mut table)? {
                *entry = self.write_l2_table(&table)? | COPIED;
                self.release(offset..offset + self.geometry.cluster_size())?;
            } else {
                let flag = if self.count(offset)? == 1 { COPIED } else { 0 };
                *entry = offset | flag;
            }
        }
        self.write_l1_table(&entries)?;
        self.release(l1)
    }

    /// Corrects the flags of entries. Returns whether one has changed.
    fn set_flags(&mut self, table: &mut [Entry]) -> Result<bool> {
        let mut changed = false;
        for entry in table {
            let Some(host) = entry.host(&self.geometry) else { continue };
            let word = match self.count(host)? {
                1 => entry.word | COPIED,
                _several => entry.word & !COPIED,
            };
            changed |= word != entry.word;
            entry.word = word;
        }
        Ok(changed)
    }

    /// Replaces the table of snapshots.
    ///
    /// # Errors
    /// Those of the storage.
    pub(in crate::image::qcow2) fn set_snapshots(
        &mut self,
        table: &[u8],
        snapshots: u32,
    ) -> std::io::Result<()> {
        self.snapshots_set(table, snapshots).map_err(into_io)
    }

    fn snapshots_set(&mut self, table: &[u8], snapshots: u32) -> Result<()> {
        let new = match table.is_empty() {
            true => 0,
            false => self.write_clusters(Purpose::Data, table)?,
        };
        let old = std::mem::replace(&mut self.snapshot_table, new..new + table.len() as u64);
        self.snapshots = snapshots;
        self.release(old)
    }

    /// Makes the change the contents of the image.
    ///
    /// # Errors
    /// Those of the storage. The image is then unchanged, unless the write to the header failed.
    pub(in crate::image::qcow2) fn commit(&mut self) -> std::io::Result<()> {
        self.committed().map_err(into_io)
    }

    fn committed(&mut self) -> Result<()> {
        if let Some(former) = self.former.take() {
            self.counts.release_structure(&self.regions, former)?;
        }
        self.counts.write_back(&self.regions)?;
        self.counts.sync_now()?;
        let clusters =
            |range: &Range<u64>| (range.end - range.start) / self.geometry.cluster_size();
        let mut fields = self.size.to_be_bytes().to_vec();
        // The method of encryption: none, as encrypted images cannot be opened.
        fields.extend_from_slice(&0_u32.to_be_bytes());
        let l1_entries = (self.l1_table.end - self.l1_table.start) / 8;
        fields.extend_from_slice(&(l1_entries as u32).to_be_bytes());
        fields.extend_from_slice(&self.l1_table.start.to_be_bytes());
        fields.extend_from_slice(&self.refcount_table.start.to_be_bytes());
        fields.extend_from_slice(&(clusters(&self.refcount_table) as u32).to_be_bytes());
        fields.extend_from_slice(&self.snapshots.to_be_bytes());
        fields.extend_from_slice(&self.snapshot_table.start.to_be_bytes());
        self.storage.write(FIRST_FIELD, &fields)?;
        self.counts.sync_now()
    }

    pub(super) fn l1_entries(&self, l1: &Range<u64>) -> Result<Vec<u64>> {
        let is_valid = l1.start.is_multiple_of(self.geometry.cluster_size())
            && l1.end - l1.start <= TablePointers::L1_MAX;
        if !is_valid {
            return Err(Errno::FBIG.into());
        }
        let mut bytes = vec![0; (l1.end - l1.start) as usize];
        self.storage.read(l1.start, &mut bytes)?;
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
        let entries: Vec<u64> = bytes.chunks_exact(8).map(word).collect();
        let used = entries.iter().filter(|entry| **entry & OFFSET_MASK != 0).count() as u64;
        // Each table of a sound image has a cluster of its own.
        if used > self.storage.size()?.div_ceil(self.geometry.cluster_size()) {
            return Err(Errno::IO.into());
        }
        Ok(entries)
    }

    pub(super) fn l2_table(&self, offset: u64) -> Result<Vec<Entry>> {
        let size = self.geometry.cluster_size();
        if !offset.is_multiple_of(size) || offset >= OFFSET_END {
            return Err(Errno::IO.into());
        }
        let mut bytes = vec![0; size as usize];
        self.storage.read(offset, &mut bytes)?;
        let entries = bytes.chunks_exact(self.geometry.entry_size() as usize);
        Ok(entries.map(|entry| Entry::parse(&self.geometry, entry)).collect())
    }

    fn write_l2_table(&mut self, table: &[Entry]) -> Result<u64> {
        let mut bytes = Vec::with_capacity(self.geometry.cluster_size() as usize);
        table.iter().for_each(|entry| entry.push(&self.geometry, &mut bytes));
        self.write_clusters(Purpose::L2Table, &bytes)
    }

    /// Makes a new table the active L1 table.
    fn write_l1_table(&mut self, entries: &[u64]) -> Result<()> {
        let mut bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_be_bytes()).collect();
        let length = bytes.len() as u64;
        bytes.resize(
            bytes.len().max(1).next_multiple_of(self.geometry.cluster_size() as usize),
            0,
        );
        let offset = self.write_clusters(Purpose::L1Table, &bytes)?;
        self.l1_table = offset..offset + length;
        Ok(())
    }

    /// Writes a table to new clusters. Returns their offset.
    fn write_clusters(&mut self, purpose: Purpose, bytes: &[u8]) -> Result<u64> {
        let clusters = (bytes.len() as u64).div_ceil(self.geometry.cluster_size());
        let offset = self.counts.allocate_all(&mut self.regions, purpose, clusters)?;
        self.storage.write(offset, bytes)?;
        Ok(offset)
    }

    /// The offsets of all clusters to which an entry refers, in the form of ranges of one byte.
    pub(super) fn clusters(&self, entry: Entry) -> Result<Vec<u64>> {
        if entry.fault(&self.geometry).is_some() {
            return Err(Errno::IO.into());
        }
        let size = self.geometry.cluster_size();
        Ok(match entry.as_compressed(&self.geometry) {
            Some(place) => {
                let first = place.offset - place.offset % size;
                (first..place.offset + place.length).step_by(size as usize).collect()
            }
            None => entry.host(&self.geometry).into_iter().collect(),
        })
    }

    /// Adds a reference to the data of an entry.
    fn retain(&mut self, entry: Entry) -> Result<()> {
        for cluster in self.clusters(entry)? {
            if !self.counts.retain(&self.regions, cluster)? {
                let is_free = self.count(cluster)? == 0;
                return Err(if is_free { Errno::IO } else { Errno::INVAL }.into());
            }
        }
        Ok(())
    }

    pub(super) fn count(&mut self, offset: u64) -> Result<u64> {
        self.counts.get(&self.regions, offset >> self.geometry.cluster_bits)
    }

    fn release(&mut self, range: Range<u64>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let free_from = self.counts.free_from;
        let released = self.counts.release(&self.regions, range.start, range.end - range.start);
        self.counts.free_from = free_from;
        released
    }
}

pub(super) fn into_io(failure: Failure) -> std::io::Error {
    open_error(failure).into_io()
}
