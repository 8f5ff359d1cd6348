//! The engine that reads and writes the clusters and tables of an image.
//!
//! Changes of tables are made one at a time and written at once. Their order leaves the image
//! consistent if the process dies at any point:
//!
//! * the count of a cluster is raised before a reference to the cluster is written;
//! * data and tables are written before a reference to them is written;
//! * a count is lowered after the reference has been removed.
//!
//! At worst, clusters are leaked, which `qemu-img check -r leaks` frees.
//!
//! Format: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU).

mod codec;
mod compressed;
mod map;
mod refcounts;
mod tables;
mod write;
mod zero;

use std::io;

use parking_lot::RwLock;

use super::header::{CompressionType, Header};
use crate::image::qcow2::format::entry::SubclusterType;
use crate::image::qcow2::format::geometry::Geometry;
use crate::image::storage::{Preallocation, Storage};
use map::Mapping;
use tables::Tables;

/// The offset of the size in the header.
const SIZE_FIELD: u64 = 24;

/// The storages of an image.
#[derive(Debug)]
pub(super) struct Storages {
    /// The storage of the tables, and of the data without an external data file.
    pub(super) file: Storage,
    /// The external data file.
    pub(super) data: Option<Storage>,
    /// The backing file.
    pub(super) backing: Option<Storage>,
}

/// An open image.
#[derive(Debug)]
pub(super) struct Clusters {
    storages: Storages,
    geometry: Geometry,
    compression_type: CompressionType,
    /// Whether the data file is a valid raw image.
    raw_data: bool,
    /// Requests take the lock shared, and changes of tables take it exclusively.
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    tables: Tables,
    size: u64,
    /// The offset at which the next compressed data are appended to a partly filled cluster.
    compressed_end: Option<u64>,
}

impl Clusters {
    /// Opens an image. The header has been read from the same storage.
    pub(super) fn open(storages: Storages, header: &Header, writable: bool) -> io::Result<Self> {
        let geometry = Geometry::new(header);
        if writable {
            Header::clear_autoclear_features(&storages.file).map_err(io::Error::other)?;
        }
        let tables = Tables::load(&storages.file, header, geometry, writable)?;
        let state = State { tables, size: header.size(), compressed_end: None };
        Ok(Clusters {
            storages,
            geometry,
            compression_type: header.compression_type(),
            raw_data: header.data_file_raw(),
            state: RwLock::new(state),
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.state.read().size
    }

    /// Allocates a cluster to which nothing refers.
    #[cfg(test)]
    pub(super) fn allocate_cluster(&self) -> io::Result<u64> {
        self.state.write().tables.counts()?.allocate(1).map(|(offset, _)| offset)
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_locked(&self.state.read(), offset, buffer)
    }

    /// The storage of the data.
    fn data(&self) -> &Storage {
        self.storages.data.as_ref().unwrap_or(&self.storages.file)
    }

    /// Reads under the lock of the tables.
    fn read_locked(&self, state: &State, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let (mut rest, mut at) = (buffer, offset);
        while !rest.is_empty() {
            let Mapping { kind, host, length } = self.map(state, at, rest.len() as u64)?;
            let (piece, others) = rest.split_at_mut(length as usize);
            match kind {
                SubclusterType::Unallocated => self.read_backing(at, piece)?,
                SubclusterType::Zero => piece.fill(0),
                SubclusterType::Data => self.data().read(host, piece)?,
                SubclusterType::Compressed(place) => {
                    let start = (at % self.geometry.cluster_size()) as usize;
                    let cluster = self.decompressed(place)?;
                    piece.copy_from_slice(&cluster[start..start + piece.len()]);
                }
            }
            rest = others;
            at += length;
        }
        Ok(())
    }

    /// Reads from the backing file, which may be shorter than the image.
    fn read_backing(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let Some(backing) = &self.storages.backing else {
            buffer.fill(0);
            return Ok(());
        };
        let inside = (buffer.len() as u64).min(backing.size()?.saturating_sub(offset));
        let (head, tail) = buffer.split_at_mut(inside as usize);
        tail.fill(0);
        if head.is_empty() { Ok(()) } else { backing.read(offset, head) }
    }

    /// Flushes all writes to the storages below.
    pub(super) fn flush(&self) -> io::Result<()> {
        // This engine has no cache of writes.
        self.data().flush()?;
        self.storages.file.flush()
    }

    /// Flushes all writes to the disk: first the data, then the references to them.
    pub(super) fn sync(&self) -> io::Result<()> {
        if let Some(data) = &self.storages.data {
            data.sync()?;
        }
        self.storages.file.sync()
    }

    /// Grows the image. New bytes read as zeroes, regardless of the backing file.
    pub(super) fn grow(&self, size: u64) -> io::Result<()> {
        let mut state = self.state.write();
        let old = state.size;
        if size <= old {
            return Ok(());
        }
        state.tables.grow(size)?;
        if let Some(data) = &self.storages.data
            && data.size()? < size
        {
            data.resize(size, Preallocation::Off)?;
        }
        self.zero_locked(&mut state, old, size)?;
        self.storages.file.write(SIZE_FIELD, &size.to_be_bytes())?;
        state.size = size;
        Ok(())
    }
}
