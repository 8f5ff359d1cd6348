//! Writes of data.

use std::ops::Range;

use parking_lot::MutexGuard;

use super::allocate::Purpose;
use super::corruption::Result;
use super::freed::FreedKind;
use super::regions::OverlapChecks;
use super::{Clusters, Guard, State};
use crate::image::memory::zeroed;
use crate::image::qcow2::format::entry::{Entry, SubclusterType};

/// Clusters of the image to which a request writes, and their place in the storage.
#[derive(Clone, Debug)]
struct Allocation {
    /// The range of the image, in whole clusters.
    range: Range<u64>,
    /// The offset of the clusters in the storage.
    host: u64,
    /// Whether the clusters are new. Otherwise, the entry refers to them already.
    is_new: bool,
}

impl Clusters {
    /// Writes data within the image.
    pub(crate) fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.request(|state| self.write_in(state, offset, data))
    }

    /// Writes data as a part of a request.
    pub(super) fn write_in(&self, state: &mut Guard<'_>, offset: u64, data: &[u8]) -> Result<()> {
        let (mut at, mut rest) = (offset, data);
        // The end of the preceding piece in the storage, where the next one should begin.
        let mut hint = None;
        while !rest.is_empty() {
            state.check_usable()?;
            let host = match self.write_in_place(state, at, rest)? {
                Some(written) => written,
                None => self.write_allocating(state, at, rest, hint)?,
            };
            let done = (host.end - host.start) as usize;
            if done > 0 {
                (at, rest, hint) = (at + done as u64, &rest[done..], Some(host.end));
            }
        }
        Ok(())
    }

    /// Writes to clusters that are allocated and have no other reference, up to the first other
    /// cluster. Returns the range in the storage, or `None` if there is no such cluster.
    fn write_in_place(
        &self,
        state: &mut Guard<'_>,
        offset: u64,
        data: &[u8],
    ) -> Result<Option<Range<u64>>> {
        let size = self.geometry.cluster_size();
        let clusters = (offset % size + data.len() as u64).div_ceil(size);
        let entries = self.entries(state, offset, clusters)?;
        self.check_first_entry(state, offset, &entries)?;
        let length = self.length_in_place(&entries, offset, data.len() as u64);
        if length == 0 {
            return Ok(None);
        }
        // As in QEMU, a table with other references is copied first, whatever its entries say. The
        // lock is not released, so that the entries stay the same.
        self.writable_table(state, offset)?;
        let host = entries[0].offset() + offset % size;
        self.check_data_write(state, host, length)?;
        MutexGuard::unlocked(state, || self.data().write(host, &data[..length as usize]))?;
        Ok(Some(host..host + length))
    }

    /// The number of bytes at an offset that can be written in place and are adjacent in the
    /// storage.
    fn length_in_place(&self, entries: &[Entry], offset: u64, most: u64) -> u64 {
        let geometry = &self.geometry;
        let (size, unit) = (geometry.cluster_size(), geometry.subcluster_size());
        let (base, end) = (offset - offset % size, offset + most);
        let mut at = offset;
        while at < end {
            let number = (at - base) / size;
            let Some(entry) = entries.get(number as usize) else { break };
            let is_own = entry.is_copied()
                && entry.fault_at(geometry, at).is_none()
                && entry.kind(geometry, at % size / unit) == SubclusterType::Data
                && entry.offset() == entries[0].offset() + number * size;
            if !is_own {
                break;
            }
            at = (at - at % unit + unit).min(end);
        }
        at - offset
    }

    fn check_first_entry(&self, state: &State, offset: u64, entries: &[Entry]) -> Result<()> {
        let Some(entry) = entries.first() else { return Ok(()) };
        match entry.fault_of_write(&self.geometry, offset) {
            None => Ok(()),
            Some(fault) => {
                let offset = offset - offset % self.geometry.cluster_size();
                Err(self.invalid_entry_for_write(state, offset, *entry, fault))
            }
        }
    }

    /// Checks that a write of data touches no metadata.
    pub(super) fn check_data_write(
        &self,
        state: &mut State,
        host: u64,
        length: u64,
    ) -> Result<()> {
        if self.geometry.data_file {
            return Ok(());
        }
        state.freed.note_write(&(host..host.saturating_add(length)));
        state.regions.check(OverlapChecks::empty(), host, length)
    }

    /// Writes data at an offset that needs an allocation. Returns the range in the storage, which
    /// is empty if the request has to look up the table again.
    fn write_allocating(
        &self,
        state: &mut Guard<'_>,
        offset: u64,
        data: &[u8],
        hint: Option<u64>,
    ) -> Result<Range<u64>> {
        let size = self.geometry.cluster_size();
        let base = offset - offset % size;
        let count = (offset - base + data.len() as u64).div_ceil(size);
        // Nothing releases the lock between this look-up and the start of the allocation.
        let old = self.entries(state, offset, count)?;
        self.check_first_entry(state, offset, &old)?;
        let free = state.in_flight.free_of_allocations(base, old.len() as u64 * size) / size;
        if free == 0 {
            self.changed.wait(state);
            return Ok(0..0);
        }
        let old = &old[..free as usize];
        if self.length_in_place(old, offset, 1) > 0 {
            return Ok(0..0);
        }
        let allocation = self.allocate_for_write(state, base, old, hint)?;
        let old = &old[..((allocation.range.end - base) / size) as usize];
        let end = (offset + data.len() as u64).min(allocation.range.end);
        let data = &data[..(end - offset) as usize];
        // All of a moved cluster is written, and otherwise whole subclusters.
        let (first, last) = (old[0], old[old.len() - 1]);
        let start = offset - offset % self.unit_of_copy(first);
        let range = start..end.next_multiple_of(self.unit_of_copy(last));
        let written = self.write_with_edges(state, offset, data, range.clone(), &allocation);
        let linked = match written {
            Ok(()) => self.link(state, &allocation, range),
            Err(error) => Err(error),
        };
        state.in_flight.end_allocation(&allocation.range);
        self.changed.notify_all();
        if linked.is_err() && allocation.is_new {
            let length = allocation.range.end - base;
            let (counts, regions) = state.counts()?;
            counts.release(regions, allocation.host, length)?;
        }
        linked?;
        let host = allocation.host + (offset - base);
        Ok(host..host + (end - offset))
    }

    /// Allocates clusters for the entries from `base` on: for all or some of them.
    fn allocate_for_write(
        &self,
        state: &mut State,
        base: u64,
        old: &[Entry],
        hint: Option<u64>,
    ) -> Result<Allocation> {
        let size = self.geometry.cluster_size();
        let own = |entry: &Entry| entry.host(&self.geometry).filter(|_| entry.is_copied());
        self.writable_table(state, base)?;
        // If the cluster has no other reference, the missing subclusters are written in place.
        let (host, count, is_new) = match own(&old[0]) {
            Some(host) => (host, 1, false),
            None => {
                let moves = |(entry, offset): &(&Entry, u64)| {
                    own(entry).is_none()
                        && entry.fault_of_write(&self.geometry, *offset).is_none()
                };
                let offsets = (base..).step_by(size as usize);
                let wanted = old.iter().zip(offsets).take_while(moves).count() as u64;
                let (host, count) = self.allocate_data(state, base, wanted, hint)?;
                (host, count, !self.geometry.data_file)
            }
        };
        self.check_data_write(state, host, count * size)?;
        let range = base..base + count * size;
        state.in_flight.begin_allocation(range.clone());
        Ok(Allocation { range, host, is_new })
    }

    /// Allocates clusters for data. Returns the offset of the first one and their number.
    pub(super) fn allocate_data(
        &self,
        state: &mut State,
        offset: u64,
        count: u64,
        hint: Option<u64>,
    ) -> Result<(u64, u64)> {
        if self.geometry.data_file {
            return Ok((offset, count));
        }
        let (counts, regions) = state.counts()?;
        if let Some(host) = hint.filter(|host| host.is_multiple_of(self.geometry.cluster_size()))
        {
            let found = counts.allocate_at(regions, host, count)?;
            if found > 0 {
                return Ok((host, found));
            }
        }
        counts.allocate(regions, Purpose::Data, count)
    }

    /// The unit of a write to a cluster in bytes: the cluster if it moves.
    fn unit_of_copy(&self, entry: Entry) -> u64 {
        let moves = entry.word != 0 && (entry.is_compressed() || !entry.is_copied());
        if moves { self.geometry.cluster_size() } else { self.geometry.subcluster_size() }
    }

    /// Writes data to an allocation, with the current contents of the rest of the range.
    fn write_with_edges(
        &self,
        state: &mut Guard<'_>,
        offset: u64,
        data: &[u8],
        range: Range<u64>,
        allocation: &Allocation,
    ) -> Result<()> {
        let place = allocation.host + (range.start - allocation.range.start);
        let end = offset + data.len() as u64;
        let is_whole = range == (offset..end)
            || (self.is_beyond_file(allocation)?
                && self.reads_as_zeroes(state, range.start..offset)?
                && self.reads_as_zeroes(state, end..range.end)?);
        if is_whole {
            let place = place + (offset - range.start);
            return Ok(MutexGuard::unlocked(state, || self.data().write(place, data))?);
        }
        let mut bytes = zeroed((range.end - range.start) as usize)?;
        let head = (offset - range.start) as usize;
        let tail = head + data.len();
        self.read_in(state, range.start, &mut bytes[..head])?;
        bytes[head..tail].copy_from_slice(data);
        self.read_in(state, end, &mut bytes[tail..])?;
        MutexGuard::unlocked(state, || self.data().write(place, &bytes))?;
        // The copies must be on the disk before a table refers to them instead of the originals.
        state.counts()?.0.require_sync();
        Ok(())
    }

    /// Whether an allocation lies beyond the end of the file, where it reads as zeroes.
    fn is_beyond_file(&self, allocation: &Allocation) -> Result<bool> {
        Ok(allocation.is_new && allocation.host >= self.storages.file.size()?)
    }

    /// Whether a range of the image is known to read as zeroes.
    fn reads_as_zeroes(&self, state: &mut Guard<'_>, range: Range<u64>) -> Result<bool> {
        let mut at = range.start;
        while at < range.end {
            let piece = self.map(state, at, range.end - at)?;
            let is_zero = match piece.kind {
                SubclusterType::Zero => true,
                SubclusterType::Unallocated => match &self.storages.backing {
                    Some(backing) => at >= backing.size()?,
                    None => true,
                },
                SubclusterType::Data | SubclusterType::Compressed(_) => false,
            };
            if !is_zero {
                return Ok(false);
            }
            at += piece.length;
        }
        Ok(true)
    }

    /// Makes the entries of an allocation refer to its clusters, in which `range` has been written.
    fn link(
        &self,
        state: &mut Guard<'_>,
        allocation: &Allocation,
        range: Range<u64>,
    ) -> Result<()> {
        let size = self.geometry.cluster_size();
        let base = allocation.range.start;
        // The entries are those from before the write, as others wait for the allocation. But
        // subclusters of the same cluster may have been written in place.
        let count = (allocation.range.end - base) / size;
        let old = self.entries(state, base, count)?;
        let new: Vec<Entry> = old
            .iter()
            .enumerate()
            .map(|(number, entry)| {
                let start = base + number as u64 * size;
                let (from, to) = (range.start.max(start), range.end.min(start + size));
                let host = allocation.host + number as u64 * size;
                if from == start && to == start + size {
                    return Entry::data(&self.geometry, host);
                }
                entry.with_data(&self.geometry, host, self.geometry.subclusters(from, to - from))
            })
            .collect();
        self.set_entries(state, base, &new)?;
        for entry in old.iter().filter(|_| allocation.is_new) {
            self.release(state, *entry, FreedKind::Replaced)?;
        }
        Ok(())
    }
}
