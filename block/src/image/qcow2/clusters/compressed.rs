//! Compressed clusters.

use std::io;

use parking_lot::MutexGuard;
use rustix::io::Errno;

use super::allocate::Purpose;
use super::corruption::{Corruption, Hex, Result};
use super::freed::FreedKind;
use super::regions::OverlapChecks;
use super::{Clusters, Guard, State};
use crate::image::memory::zeroed;
use crate::image::qcow2::format::entry::{Compressed, Entry};
use crate::options::blkdebug::BlkdebugEvent;

impl Clusters {
    /// The contents of a compressed cluster.
    pub(super) fn decompressed(&self, place: Compressed) -> io::Result<Vec<u8>> {
        let mut compressed = zeroed(place.length as usize)?;
        self.storages.file.read(place.offset, &mut compressed)?;
        let mut cluster = zeroed(self.geometry.cluster_size() as usize)?;
        self.codec.decompress(&compressed, &mut cluster)?;
        Ok(cluster)
    }

    /// Writes one cluster, compressed if that makes it smaller. The last cluster may be cut off by
    /// the end of the image.
    ///
    /// Before the write, calls `emit` with the blkdebug event for that kind of write.
    ///
    /// # Errors
    /// [`Errno::INVAL`] if `offset` is not aligned to clusters, or `data` is not one cluster;
    /// [`Errno::IO`] for a cluster that is allocated, as in QEMU; [`Errno::NOTSUP`] for
    /// an image with an external data file; [`Errno::NOMEM`]; or those of the storage.
    pub(crate) fn write_compressed(
        &self,
        offset: u64,
        data: &[u8],
        emit: impl Fn(BlkdebugEvent),
    ) -> io::Result<()> {
        let size = self.geometry.cluster_size();
        if self.geometry.data_file {
            return Err(Errno::NOTSUP.into());
        }
        let end = offset + data.len() as u64;
        let is_whole = data.len() as u64 == size || end == self.size();
        if !offset.is_multiple_of(size) || !is_whole || data.len() as u64 > size {
            return Err(Errno::INVAL.into());
        }
        let compressed = if data.len() as u64 == size {
            self.codec.compress(data)?
        } else {
            let mut cluster = zeroed(size as usize)?;
            cluster[..data.len()].copy_from_slice(data);
            self.codec.compress(&cluster)?
        };
        match compressed {
            None => {
                emit(BlkdebugEvent::WriteAio);
                self.write(offset, data)
            }
            Some(compressed) => {
                emit(BlkdebugEvent::WriteCompressed);
                self.request(|state| self.store_compressed(state, offset, &compressed))
            }
        }
    }

    /// Writes compressed data for a cluster.
    fn store_compressed(&self, state: &mut Guard<'_>, offset: u64, data: &[u8]) -> Result<()> {
        let size = self.geometry.cluster_size();
        let length = data.len() as u64;
        let old = self.entries_to_change(state, offset, offset + size)?;
        if old[0].is_compressed() || old[0].host(&self.geometry).is_some() {
            return Err(Errno::IO.into());
        }
        let place = Compressed { offset: self.allocate_compressed(state, length)?, length };
        let range = offset..offset + size;
        state.in_flight.begin_allocation(range.clone());
        let written =
            MutexGuard::unlocked(state, || self.storages.file.write(place.offset, data));
        let linked = match written {
            Ok(()) => {
                let new = Entry::compressed(&self.geometry, place);
                self.replace_entries(state, offset, &old[..1], &[new], FreedKind::Replaced)
            }
            Err(error) => Err(error.into()),
        };
        state.in_flight.end_allocation(&range);
        self.changed.notify_all();
        if linked.is_err() {
            state.compressed_end = None;
            let (counts, regions) = state.counts()?;
            counts.release(regions, place.offset, place.length)?;
        }
        linked
    }

    /// Allocates space for compressed data, right after other compressed data if possible.
    fn allocate_compressed(&self, state: &mut State, length: u64) -> Result<u64> {
        let size = self.geometry.cluster_size();
        let shared = state.compressed_end.take();
        let (counts, regions) = state.counts()?;
        let left = |end: u64| (size - end % size) % size;
        let start = match shared {
            Some(end) if left(end) >= length && counts.retain(regions, end)? => end,
            _none_or_full => {
                let (fresh, _) = counts.allocate(regions, Purpose::Compressed, 1)?;
                match shared {
                    Some(end) if end + left(end) == fresh && counts.retain(regions, end)? => end,
                    Some(_) | None => fresh,
                }
            }
        };
        regions.check(OverlapChecks::empty(), start, length)?;
        state.compressed_end = Some(start + length).filter(|end| end % size != 0);
        Ok(start)
    }

    /// Removes the references of a removed table entry to its clusters. A cluster without
    /// references becomes free.
    ///
    /// May release the lock.
    pub(super) fn release(
        &self,
        state: &mut Guard<'_>,
        old: Entry,
        kind: FreedKind,
    ) -> Result<()> {
        let size = self.geometry.cluster_size();
        if let Some(place) = old.as_compressed(&self.geometry) {
            // Later compressed data must not go into a freed cluster.
            state.compressed_end = None;
            let range = place.offset..place.offset + place.length;
            self.free_later(state, range, kind, true)?;
        } else if let Some(host) = old.host(&self.geometry) {
            if self.geometry.data_file {
                if kind == FreedKind::Discarded {
                    // No other cluster of the image is ever stored there.
                    self.pass_discard(host);
                }
            } else if host.is_multiple_of(size) {
                self.free_later(state, host..host + size, kind, old.is_copied())?;
            } else {
                let text = format!("Cannot free unaligned cluster {}", Hex(host));
                self.report(state, Corruption { fatal: false, ..Corruption::new(text) });
            }
        }
        Ok(())
    }
}
