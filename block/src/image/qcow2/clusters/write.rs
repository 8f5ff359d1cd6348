//! Writes of data.

use std::io;
use std::ops::Range;

use super::{Clusters, State};
use crate::image::qcow2::format::entry::{Entry, SubclusterType};

impl Clusters {
    /// Writes data within the image.
    pub(crate) fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let written = self.write_in_place(&self.state.read(), offset, data)?;
        if written < data.len() {
            let mut state = self.state.write();
            self.write_locked(&mut state, offset + written as u64, &data[written..])?;
        }
        Ok(())
    }

    /// Writes to clusters that are allocated and have no other reference. Stops at the first other
    /// cluster, and returns the number of bytes.
    fn write_in_place(&self, state: &State, offset: u64, data: &[u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < data.len() {
            let at = offset + done as u64;
            let piece = self.map(state, at, (data.len() - done) as u64)?;
            let own = self.copied_up_to(state, at, piece.length)?;
            if piece.kind != SubclusterType::Data || own == 0 {
                break;
            }
            let length = own as usize;
            self.data().write(piece.host, &data[done..done + length])?;
            done += length;
        }
        Ok(done)
    }

    /// The number of bytes from an offset on whose clusters have no other reference.
    fn copied_up_to(&self, state: &State, offset: u64, length: u64) -> io::Result<u64> {
        let size = self.geometry.cluster_size();
        let entries = state.tables.entries(offset, (offset % size + length).div_ceil(size))?;
        let own = entries.iter().take_while(|entry| entry.is_copied()).count() as u64;
        Ok((own * size).saturating_sub(offset % size).min(length))
    }

    /// Writes data under the exclusive lock.
    pub(super) fn write_locked(
        &self,
        state: &mut State,
        offset: u64,
        data: &[u8],
    ) -> io::Result<()> {
        let (mut at, mut rest) = (offset, data);
        while !rest.is_empty() {
            let done = self.write_in_place(state, at, rest)?;
            (at, rest) = (at + done as u64, &rest[done..]);
            if rest.is_empty() {
                break;
            }
            let done = self.write_allocating(state, at, rest)?;
            (at, rest) = (at + done as u64, &rest[done..]);
        }
        Ok(())
    }

    /// Writes data at an offset that needs an allocation. Returns the number of bytes.
    fn write_allocating(&self, state: &mut State, offset: u64, data: &[u8]) -> io::Result<usize> {
        let size = self.geometry.cluster_size();
        let count = (offset % size + data.len() as u64).div_ceil(size);
        let old = state.tables.entries(offset, count)?;
        let Some(first) = old.first().copied() else { return Ok(0) };
        // If the cluster has no other reference, the missing subclusters are written in place.
        let in_place = first.host(&self.geometry)?.filter(|_| first.is_copied());
        let (host, count) = match in_place {
            Some(host) => (host, 1),
            None => {
                let mut wanted = 0;
                for entry in &old {
                    if entry.is_copied() && entry.host(&self.geometry)?.is_some() {
                        break;
                    }
                    wanted += 1;
                }
                self.allocate_data(state, offset - offset % size, wanted)?
            }
        };
        let end = (offset + data.len() as u64).min(offset - offset % size + count * size);
        let data = &data[..(end - offset) as usize];
        let last = old[count as usize - 1];
        let range = self.start_of_copy(first, offset)..self.end_of_copy(last, end);
        self.write_with_edges(state, offset, data, range.clone(), host)?;
        let entries = self.entries_for(&old[..count as usize], offset, range, host);
        state.tables.set_entries(offset, &entries)?;
        if in_place.is_none() {
            for entry in &old[..count as usize] {
                self.release(state, *entry)?;
            }
        }
        Ok(data.len())
    }

    /// Allocates clusters for data. Returns the offset of the first one and their number.
    fn allocate_data(
        &self,
        state: &mut State,
        offset: u64,
        count: u64,
    ) -> io::Result<(u64, u64)> {
        if self.geometry.data_file {
            Ok((offset, count))
        } else {
            state.tables.counts()?.allocate(count)
        }
    }

    /// The offset at which the write begins after its extension to whole subclusters, or to whole
    /// clusters if the cluster moves.
    fn start_of_copy(&self, entry: Entry, offset: u64) -> u64 {
        offset - offset % self.unit_of_copy(entry)
    }

    /// The offset at which the extended write ends.
    fn end_of_copy(&self, entry: Entry, end: u64) -> u64 {
        end.next_multiple_of(self.unit_of_copy(entry))
    }

    /// The unit of the extension in bytes.
    fn unit_of_copy(&self, entry: Entry) -> u64 {
        let moves = entry.word != 0 && (entry.is_compressed() || !entry.is_copied());
        if moves { self.geometry.cluster_size() } else { self.geometry.subcluster_size() }
    }

    /// Writes data to the cluster at `host`, with the current contents of the rest of the range.
    fn write_with_edges(
        &self,
        state: &State,
        offset: u64,
        data: &[u8],
        range: Range<u64>,
        host: u64,
    ) -> io::Result<()> {
        let base = range.start - range.start % self.geometry.cluster_size();
        let place = host + (range.start - base);
        let end = offset + data.len() as u64;
        if range == (offset..end) {
            return self.data().write(place, data);
        }
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let head = (offset - range.start) as usize;
        let tail = head + data.len();
        self.read_locked(state, range.start, &mut bytes[..head])?;
        bytes[head..tail].copy_from_slice(data);
        self.read_locked(state, end, &mut bytes[tail..])?;
        self.data().write(place, &bytes)
    }

    /// The new entries of clusters after a write to a range.
    fn entries_for(
        &self,
        old: &[Entry],
        offset: u64,
        range: Range<u64>,
        host: u64,
    ) -> Vec<Entry> {
        let size = self.geometry.cluster_size();
        let base = offset - offset % size;
        let new = old.iter().enumerate().map(|(number, entry)| {
            let start = base + number as u64 * size;
            let (from, to) = (range.start.max(start), range.end.min(start + size));
            let host = host + number as u64 * size;
            if from == start && to == start + size {
                return Entry::data(&self.geometry, host);
            }
            entry.with_data(&self.geometry, host, self.geometry.subclusters(from, to - from))
        });
        new.collect()
    }
}
