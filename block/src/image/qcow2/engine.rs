//! The engine of an open image: the image library, or [`Clusters`].

use std::io;
use std::sync::Arc;

use imago::format::PreallocateMode;
use imago::qcow2::Qcow2;
use imago::{DenyImplicitOpenGate, FormatAccess, FormatDriverBuilder, ShallowMapping};

use super::clusters::{Clusters, Storages};
use super::crash_safe::CrashSafeStorage;
use super::header::Header;
use crate::error::{Error, Result};
use crate::image::extent::Extent;
use crate::image::imago_image::{self, ImagoImage};
use crate::image::storage::Storage;
use crate::options::blkdebug::BlkdebugEvent;

/// The mode in which a qcow2 image is open.
#[derive(Clone, Debug)]
pub struct Qcow2Mode {
    /// Whether the image may be written.
    pub writable: bool,
    /// Whether flushes do not wait for the disk.
    pub no_flush: bool,
    /// The backing file.
    pub backing: Option<Storage>,
    /// The external data file.
    pub data_file: Option<Storage>,
    /// Whether compressed clusters are written.
    pub compresses: bool,
}

/// An open image.
#[derive(Clone, Debug)]
pub(super) enum Engine {
    /// The image library.
    Library(ImagoImage),
    /// The engine of this crate.
    Clusters(Arc<Clusters>),
}

impl Engine {
    /// Opens an image.
    pub(super) fn open(storage: &Storage, header: &Header, mode: &Qcow2Mode) -> Result<Self> {
        if header.needs_own_engine() || mode.compresses {
            let storages = Storages {
                file: storage.clone(),
                data: mode.data_file.clone(),
                backing: mode.backing.clone(),
            };
            let clusters = Clusters::open(storages, header, mode.writable);
            return Ok(Engine::Clusters(Arc::new(clusters.map_err(cannot_open)?)));
        }
        let storage: Storage = if mode.writable {
            let pointers = header.table_pointers().clone();
            let guarded = CrashSafeStorage::new(storage.clone(), pointers);
            Storage::new(guarded.map_err(cannot_open)?)
        } else {
            storage.clone()
        };
        let backing = mode.backing.as_ref().map(imago_image::raw_image).transpose();
        let image = Qcow2::<Storage, ImagoImage>::builder(storage)
            .write(mode.writable)
            .backing(backing.map_err(cannot_open)?)
            .data_file(None)
            .open(DenyImplicitOpenGate::default())
            .map_err(cannot_open)?;
        Ok(Engine::Library(Arc::new(FormatAccess::new(image))))
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Engine::Library(library) => library.size(),
            Engine::Clusters(clusters) => clusters.size(),
        }
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Engine::Library(library) => library.read(buffer, offset),
            Engine::Clusters(clusters) => clusters.read(offset, buffer),
        }
    }

    pub(super) fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match self {
            Engine::Library(library) => library.write(data, offset),
            Engine::Clusters(clusters) => clusters.write(offset, data),
        }
    }

    /// The blkdebug event of a read at an offset; `None` if the read needs no storage. Also returns
    /// the number of bytes to which the event applies.
    pub(super) fn read_event(
        &self,
        offset: u64,
        length: u64,
    ) -> io::Result<(Option<BlkdebugEvent>, u64)> {
        match self {
            Engine::Clusters(clusters) => clusters.read_event(offset, length),
            Engine::Library(library) => {
                let (mapping, known) = library.get_shallow_mapping(offset, length)?;
                let event = match mapping {
                    ShallowMapping::Raw { .. } => Some(BlkdebugEvent::ReadAio),
                    ShallowMapping::Indirect { .. } => Some(BlkdebugEvent::ReadBackingAio),
                    ShallowMapping::Special { .. } => Some(BlkdebugEvent::ReadCompressed),
                    _zero_or_beyond => None,
                };
                Ok((event, known))
            }
        }
    }

    /// Whether a write of the image library to the range must be exclusive and flushed at once.
    ///
    /// Overwriting a compressed cluster frees its space. If the space were reused for a table
    /// before the change is on disk, a crash could leave an entry that refers to the table as data.
    /// The library never writes compressed clusters: a range without compressed clusters remains
    /// so.
    pub(super) fn frees_clusters(&self, mut offset: u64, length: u64) -> io::Result<bool> {
        let library = match self {
            Engine::Library(library) => library,
            // `Clusters` writes in a safe order.
            Engine::Clusters(_) => return Ok(false),
        };
        let end = offset + length;
        while offset < end {
            let (mapping, known) = library.get_shallow_mapping(offset, end - offset)?;
            if matches!(mapping, ShallowMapping::Special { .. }) {
                return Ok(true);
            }
            if known == 0 {
                break;
            }
            offset += known;
        }
        Ok(false)
    }

    /// Whether the range at an offset is allocated in the image. Also returns the number of bytes
    /// to which the answer applies.
    pub(super) fn is_allocated(&self, offset: u64, length: u64) -> io::Result<(bool, u64)> {
        match self {
            Engine::Clusters(clusters) => clusters.is_allocated(offset, length),
            Engine::Library(library) => {
                let (mapping, known) = library.get_shallow_mapping(offset, length)?;
                let is_allocated = match mapping {
                    ShallowMapping::Indirect { .. } => false,
                    ShallowMapping::Zero { explicit, .. } => explicit,
                    _data => true,
                };
                Ok((is_allocated, known))
            }
        }
    }

    /// The block status of a range within the image.
    pub(super) fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        match self {
            Engine::Library(library) => imago_image::extent(library, offset, length),
            Engine::Clusters(clusters) => clusters.extent(offset, length),
        }
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Engine::Library(library) => library.flush(),
            Engine::Clusters(clusters) => clusters.flush(),
        }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        match self {
            Engine::Library(library) => library.sync(),
            Engine::Clusters(clusters) => clusters.sync(),
        }
    }

    pub(super) fn grow(&self, size: u64) -> io::Result<()> {
        match self {
            Engine::Library(library) => library.resize_grow(size, PreallocateMode::Zero),
            Engine::Clusters(clusters) => clusters.grow(size),
        }
    }
}

fn cannot_open(source: io::Error) -> Error {
    Error::While { what: "Could not open qcow2 image".into(), source }
}
