//! Who reads and writes an image: the image library, or this program.

use super::clusters::{Clusters, Storages};
use super::crash_safe::CrashSafeStorage;
use super::header::Header;
use crate::error::{Error, Result};
use crate::image::extent::Extent;
use crate::image::imago_image::{self, ImagoImage};
use crate::image::storage::Storage;
use crate::options::blkdebug::BlkdebugEvent;
use imago::format::PreallocateMode;
use imago::qcow2::Qcow2;
use imago::{DenyImplicitOpenGate, FormatAccess, FormatDriverBuilder, ShallowMapping};
use std::io;
use std::sync::Arc;

/// How to open a qcow2 image.
#[derive(Clone, Debug)]
pub struct Qcow2Mode {
    /// Whether the image may be written.
    pub writable: bool,
    /// Whether flushing stops at the page cache.
    pub no_flush: bool,
    /// What shows through where the image has nothing of its own.
    pub backing: Option<Storage>,
    /// Where the data are, if they have a file of their own.
    pub data_file: Option<Storage>,
    /// Whether compressed clusters are to be written.
    pub compresses: bool,
}

/// An open image.
#[derive(Clone, Debug)]
pub(super) enum Engine {
    /// By the image library.
    Library(ImagoImage),
    /// By this program.
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
            Engine::Library(layer) => layer.size(),
            Engine::Clusters(clusters) => clusters.size(),
        }
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Engine::Library(layer) => layer.read(buffer, offset),
            Engine::Clusters(clusters) => clusters.read(offset, buffer),
        }
    }

    pub(super) fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match self {
            Engine::Library(layer) => layer.write(data, offset),
            Engine::Clusters(clusters) => clusters.write(offset, data),
        }
    }

    /// What reading at an offset is, if anything is read, and how far that goes.
    pub(super) fn read_event(
        &self,
        offset: u64,
        length: u64,
    ) -> io::Result<(Option<BlkdebugEvent>, u64)> {
        match self {
            Engine::Clusters(clusters) => clusters.read_event(offset, length),
            Engine::Library(layer) => {
                let (mapping, known) = layer.get_shallow_mapping(offset, length)?;
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

    /// Whether what the library does with the range has to be done alone, and flushed at once.
    ///
    /// Overwriting a compressed cluster frees it. Were it used again before the change is on
    /// disk, a crash could leave a table where the old entry still expects data. Clusters never
    /// become compressed while the library has an image open.
    pub(super) fn frees_clusters(&self, mut offset: u64, length: u64) -> io::Result<bool> {
        let layer = match self {
            Engine::Library(layer) => layer,
            // Which sees to that itself.
            Engine::Clusters(_) => return Ok(false),
        };
        let end = offset + length;
        while offset < end {
            let (mapping, known) = layer.get_shallow_mapping(offset, end - offset)?;
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

    /// Whether the image has something of its own at an offset, and how far that goes.
    pub(super) fn is_allocated(&self, offset: u64, length: u64) -> io::Result<(bool, u64)> {
        match self {
            Engine::Clusters(clusters) => clusters.is_allocated(offset, length),
            Engine::Library(layer) => {
                let (mapping, known) = layer.get_shallow_mapping(offset, length)?;
                let is_allocated = match mapping {
                    ShallowMapping::Indirect { .. } => false,
                    ShallowMapping::Zero { explicit, .. } => explicit,
                    _data => true,
                };
                Ok((is_allocated, known))
            }
        }
    }

    /// What is known of a range within the image.
    pub(super) fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        match self {
            Engine::Library(layer) => imago_image::extent(layer, offset, length),
            Engine::Clusters(clusters) => clusters.extent(offset, length),
        }
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Engine::Library(layer) => layer.flush(),
            Engine::Clusters(clusters) => clusters.flush(),
        }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        match self {
            Engine::Library(layer) => layer.sync(),
            Engine::Clusters(clusters) => clusters.sync(),
        }
    }

    pub(super) fn grow(&self, size: u64) -> io::Result<()> {
        match self {
            Engine::Library(layer) => layer.resize_grow(size, PreallocateMode::Zero),
            Engine::Clusters(clusters) => clusters.grow(size),
        }
    }
}

fn cannot_open(source: io::Error) -> Error {
    Error::While { what: "Could not open qcow2 image".into(), source }
}
