//! Compressed clusters.

use std::io;

use nix::errno::Errno;

use super::codec::{compress, decompress};
use super::{Clusters, State};
use crate::image::qcow2::format::entry::{Compressed, Entry};
use crate::options::blkdebug::BlkdebugEvent;

impl Clusters {
    /// The contents of a compressed cluster.
    pub(super) fn decompressed(&self, place: Compressed) -> io::Result<Vec<u8>> {
        if self.geometry.data_file {
            return Err(Errno::EIO.into());
        }
        let mut compressed = vec![0; place.length as usize];
        self.storages.file.read(place.offset, &mut compressed)?;
        let mut cluster = vec![0; self.geometry.cluster_size() as usize];
        decompress(self.compression_type, &compressed, &mut cluster)?;
        Ok(cluster)
    }

    /// Writes one cluster, compressed if that makes it smaller. The last cluster may be cut off by
    /// the end of the image.
    ///
    /// Before the write, calls `emit` with the blkdebug event for that kind of write.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] if `offset` is not aligned to clusters, or `data` is not one cluster;
    /// [`Errno::EIO`] for a cluster that has uncompressed data, as in QEMU; [`Errno::ENOTSUP`] for
    /// an image with an external data file; or those of the storage.
    pub(crate) fn write_compressed(
        &self,
        offset: u64,
        data: &[u8],
        emit: impl Fn(BlkdebugEvent),
    ) -> io::Result<()> {
        let size = self.geometry.cluster_size();
        if self.geometry.data_file {
            return Err(Errno::ENOTSUP.into());
        }
        let end = offset + data.len() as u64;
        let is_whole = data.len() as u64 == size || end == self.size();
        if !offset.is_multiple_of(size) || !is_whole || data.len() as u64 > size {
            return Err(Errno::EINVAL.into());
        }
        let compressed = if data.len() as u64 == size {
            compress(self.compression_type, data)
        } else {
            let mut cluster = data.to_vec();
            cluster.resize(size as usize, 0);
            compress(self.compression_type, &cluster)
        };
        match compressed {
            None => {
                emit(BlkdebugEvent::WriteAio);
                self.write(offset, data)
            }
            Some(compressed) => {
                emit(BlkdebugEvent::WriteCompressed);
                self.store_compressed(&mut self.state.write(), offset, &compressed)
            }
        }
    }

    fn store_compressed(&self, state: &mut State, offset: u64, data: &[u8]) -> io::Result<()> {
        let old = state.tables.entries(offset, 1)?.first().copied().unwrap_or_default();
        if old.host(&self.geometry)?.is_some() {
            return Err(Errno::EIO.into());
        }
        let length = data.len() as u64;
        let place = Compressed { offset: self.allocate_compressed(state, length)?, length };
        self.storages.file.write(place.offset, data)?;
        state.tables.set_entries(offset, &[Entry::compressed(&self.geometry, place)])?;
        self.release(state, old)
    }

    /// Allocates space for compressed data, right after other compressed data if possible.
    fn allocate_compressed(&self, state: &mut State, length: u64) -> io::Result<u64> {
        let size = self.geometry.cluster_size();
        let shared = state.compressed_end.take();
        if let Some(end) = shared.filter(|end| size - end % size >= length) {
            let counts = state.tables.counts()?;
            if counts.retain(end - end % size)? {
                state.compressed_end = Some(end + length).filter(|end| end % size != 0);
                return Ok(end);
            }
        }
        let (fresh, _) = state.tables.counts()?.allocate(1)?;
        let start = match shared {
            Some(end)
                if end.next_multiple_of(size) == fresh
                    && state.tables.counts()?.retain(end - end % size)? =>
            {
                end
            }
            Some(_) | None => fresh,
        };
        state.compressed_end = Some(start + length).filter(|end| end % size != 0);
        Ok(start)
    }

    /// Drops the references of a removed table entry to its clusters. A cluster without references
    /// is free.
    pub(super) fn release(&self, state: &mut State, old: Entry) -> io::Result<()> {
        let size = self.geometry.cluster_size();
        if let Some(place) = old.as_compressed(&self.geometry) {
            let last = place.offset + place.length - 1;
            // Later compressed data must not go into a freed cluster.
            state.compressed_end = None;
            return state.tables.counts()?.release(place.offset, last - place.offset + 1);
        }
        match old.host(&self.geometry)? {
            Some(host) if !self.geometry.data_file => state.tables.counts()?.release(host, size),
            Some(_) | None => Ok(()),
        }
    }
}
