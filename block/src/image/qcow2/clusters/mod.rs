//! Images that the image library does not open, read and written here: those with divided
//! clusters, with clusters that zstd compressed, with data in another file, and those to which
//! compressed clusters are written.
//!
//! One change to the tables is made at a time, and written at once, in an order that leaves the
//! image sound wherever the process dies: clusters are counted before anything refers to them, data
//! and tables are written before they are referred to, and counts are lowered only when nothing
//! refers to the cluster any more. At worst, clusters are lost until `qemu-img check -r leaks`.
//!
//! Format: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU).

mod codec;
mod compressed;
mod entry;
mod geometry;
mod map;
mod refcounts;
mod tables;
mod write;
mod zero;

use super::header::{CompressionType, Header};
use crate::image::storage::Storage;
use entry::SubclusterType;
use geometry::Geometry;
use imago::{Storage as _, StorageExt};
use map::Mapping;
use parking_lot::RwLock;
use std::io;
use tables::Tables;

/// Where the header has the size.
const SIZE_FIELD: u64 = 24;

/// The storages that an image is made of.
#[derive(Debug)]
pub(super) struct Storages {
    /// Where the tables are, and the data unless they are elsewhere.
    pub(super) file: Storage,
    /// Where the data are, if they have a file of their own.
    pub(super) data: Option<Storage>,
    /// What shows through where the image has nothing of its own.
    pub(super) backing: Option<Storage>,
}

/// An open image.
#[derive(Debug)]
pub(super) struct Clusters {
    storages: Storages,
    geometry: Geometry,
    compression_type: CompressionType,
    /// Whether the data file shows by itself what the image shows.
    raw_data: bool,
    /// Requests share the lock; what changes tables takes it alone.
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    tables: Tables,
    size: u64,
    /// Where the next compressed data may begin, in a cluster with others.
    compressed_end: Option<u64>,
}

impl Clusters {
    /// Opens the image whose header was read before from the same storage.
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

    /// Where data are.
    fn data(&self) -> &Storage {
        self.storages.data.as_ref().unwrap_or(&self.storages.file)
    }

    /// Reads while the tables stay as they are.
    fn read_locked(&self, state: &State, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let (mut rest, mut at) = (buffer, offset);
        while !rest.is_empty() {
            let Mapping { part, host, length } = self.map(state, at, rest.len() as u64)?;
            let (piece, others) = rest.split_at_mut(length as usize);
            match part {
                SubclusterType::Unallocated => self.read_backing(at, piece)?,
                SubclusterType::Zero => piece.fill(0),
                SubclusterType::Data => self.data().read(&mut *piece, host)?,
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

    /// Reads what shows through. The backing file may be shorter than the image.
    fn read_backing(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let Some(backing) = &self.storages.backing else {
            buffer.fill(0);
            return Ok(());
        };
        let inside = (buffer.len() as u64).min(backing.size()?.saturating_sub(offset));
        let (head, tail) = buffer.split_at_mut(inside as usize);
        tail.fill(0);
        if head.is_empty() { Ok(()) } else { backing.read(head, offset) }
    }

    /// Has all that was written reach the files below.
    pub(super) fn flush(&self) -> io::Result<()> {
        // Nothing is in_place back here.
        self.data().flush()?;
        self.storages.file.flush()
    }

    /// Has all that was written reach the disk: data first, then what refers to them.
    pub(super) fn sync(&self) -> io::Result<()> {
        if let Some(data) = &self.storages.data {
            data.sync()?;
        }
        self.storages.file.sync()
    }

    /// Makes the image larger. What is new reads as zeroes, whatever the backing file has there.
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
            data.resize(size, imago::storage::PreallocateMode::None)?;
        }
        self.zero_locked(&mut state, old, size)?;
        self.storages.file.write(size.to_be_bytes().as_slice(), SIZE_FIELD)?;
        state.size = size;
        Ok(())
    }
}
