//! The format qcow2: its header, and the engine that reads and writes its tables.

pub mod bitmaps;
mod blkdebug_events;
pub mod check;
mod clusters;
mod compressed;
mod copy_on_read;
pub(crate) mod format;
pub mod header;
mod image_storage;
mod persistence;
mod reopen;
mod resize;
mod snapshot_changes;
pub mod snapshots;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::{Mutex, RwLock};

use super::blkdebug::rules::Rules;
use super::dirty_bitmaps::DirtyBitmaps;
use super::extent::{Extent, check_range, not_permitted};
use super::storage::{Storage, ZeroMode};
use crate::error::Result;
use crate::options::blkdebug::BlkdebugEvent;
use bitmaps::{Bitmaps, StoredBitmapInfo};
pub use clusters::{CacheSizes, Corruption, CorruptionObserver, DiscardPolicy, OverlapChecks};
use clusters::{Clusters, OpenMode, Storages};
use header::{BackingName, Header};
use image_storage::ImageStorage;
use snapshots::{Snapshot, Snapshots};

/// The first bytes of all qcow2 images.
pub const MAGIC: [u8; 4] = *b"QFI\xfb";

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
    /// The sizes of the caches for tables.
    pub cache_sizes: CacheSizes,
    /// The metadata that writes are checked against.
    pub overlap_checks: OverlapChecks,
    /// When the space of freed clusters is freed below.
    pub discard_policy: DiscardPolicy,
    /// Whether the node is active, so that the bitmaps of the image are in memory.
    pub active: bool,
    /// Receives the corruptions that requests find.
    pub corruption_observer: Option<Arc<dyn CorruptionObserver>>,
}

/// A change of an open image.
#[derive(Debug)]
pub struct Qcow2Change {
    /// The new mode.
    pub mode: Qcow2Mode,
    /// The new name of the backing file in the header. `None` leaves the name unchanged, and
    /// `Some(None)` removes it.
    pub name: Option<Option<BackingName>>,
}

/// An open qcow2 image.
#[derive(Debug)]
pub struct Qcow2Image {
    storage: Storage,
    metadata: Mutex<Metadata>,
    bitmaps: Mutex<Bitmaps>,
    /// The bitmaps of the node. The persistent ones are from the image, or are stored in it.
    dirty_bitmaps: Arc<DirtyBitmaps>,
    /// Whether the image may have changed since the bitmaps were loaded or stored.
    is_written: AtomicBool,
    /// The rules of the blkdebug node below, if there is one.
    rules: Option<Arc<Rules>>,
    /// The open image. Reads and writes take the lock shared, and operations that exclude writes
    /// take it exclusively.
    opened: RwLock<Opened>,
}

/// The metadata of an image besides its clusters, at the time of the last opening.
#[derive(Debug)]
struct Metadata {
    header: Arc<Header>,
    snapshots: Arc<[Snapshot]>,
}

impl Metadata {
    fn read(storage: &Storage, header: Header) -> Result<Self> {
        let snapshots = Snapshots::read(storage, &header)?.list.into();
        Ok(Metadata { header: Arc::new(header), snapshots })
    }
}

/// The mode and the engine of an open image.
#[derive(Debug)]
struct Opened {
    mode: Qcow2Mode,
    /// `None` once the image is closed, and while it is lost.
    engine: Option<Arc<Clusters>>,
    /// Whether the header or the tables could not be read again after a change. The next request
    /// tries to read them.
    is_lost: bool,
}

impl Opened {
    fn engine(&self) -> io::Result<&Arc<Clusters>> {
        self.engine.as_ref().ok_or_else(not_permitted)
    }

    fn writable_engine(&self) -> io::Result<&Arc<Clusters>> {
        if self.mode.writable { self.engine() } else { Err(not_permitted()) }
    }
}

impl Qcow2Image {
    /// Opens an image. The header has been read from the same storage.
    ///
    /// # Errors
    /// [`Error::While`](crate::error::Error::While), with the error of the image or its storage.
    pub fn open(storage: Storage, mut header: Header, mode: Qcow2Mode) -> Result<Self> {
        if mode.writable {
            check::repair_if_dirty(&storage, &mut header)?;
        }
        let engine = open_clusters(&storage, &header, &mode)?;
        let mut bitmaps = Bitmaps::read(&storage, &header)?;
        let dirty_bitmaps = Arc::new(DirtyBitmaps::default());
        if mode.active {
            dirty_bitmaps.add_loaded(bitmaps.load(&storage, header.size())?);
        }
        dirty_bitmaps.set_read_only(!mode.writable);
        let metadata = Metadata::read(&storage, header)?;
        if mode.writable {
            metadata.header.prepare_for_writing(&storage)?;
            bitmaps.mark_in_use(&engine, mode.no_flush)?;
        }
        let rules = storage.blkdebug_rules();
        Ok(Qcow2Image {
            storage,
            metadata: Mutex::new(metadata),
            bitmaps: Mutex::new(bitmaps),
            dirty_bitmaps,
            is_written: AtomicBool::new(false),
            rules,
            opened: RwLock::new(Opened { mode, engine: Some(engine), is_lost: false }),
        })
    }

    /// The header at the time of the last opening.
    pub fn header(&self) -> Arc<Header> {
        Arc::clone(&self.metadata.lock().header)
    }

    /// The internal snapshots at the time of the last opening.
    pub fn snapshots(&self) -> Arc<[Snapshot]> {
        Arc::clone(&self.metadata.lock().snapshots)
    }

    /// The persistent bitmaps, in the order of the image.
    pub fn stored_bitmaps(&self) -> Vec<StoredBitmapInfo> {
        self.bitmaps.lock().infos()
    }

    /// The bitmaps of the node of the image.
    pub(crate) fn dirty_bitmaps(&self) -> &Arc<DirtyBitmaps> {
        &self.dirty_bitmaps
    }

    /// The mode in which the image is open.
    pub fn mode(&self) -> Qcow2Mode {
        self.opened.read().mode.clone()
    }

    pub(super) fn size(&self) -> io::Result<u64> {
        self.with_engine(|engine| Ok(engine.size()))
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.with_engine(|engine| {
            check_range(offset, buffer.len() as u64, engine.size())?;
            self.read_with_events(engine, offset, buffer)
        })
    }

    pub(super) fn write(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        self.modify(offset, buffer.len() as u64, |engine| {
            self.write_with_events(engine, offset, buffer)
        })
    }

    pub(super) fn write_zeroes(
        &self,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> io::Result<()> {
        self.modify(offset, length, |engine| engine.write_zeroes(offset, length, mode))
    }

    fn modify(
        &self,
        offset: u64,
        length: u64,
        change: impl FnOnce(&Clusters) -> io::Result<()>,
    ) -> io::Result<()> {
        let opened = self.shared()?;
        let engine = opened.writable_engine()?;
        check_range(offset, length, engine.size())?;
        self.mark_written();
        change(engine)
    }

    fn with_engine<T>(&self, work: impl FnOnce(&Clusters) -> io::Result<T>) -> io::Result<T> {
        work(self.shared()?.engine()?)
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.flush_opened(&*self.shared()?)
    }

    fn flush_opened(&self, opened: &Opened) -> io::Result<()> {
        let engine = opened.engine()?;
        if !opened.mode.writable {
            return Ok(());
        }
        self.emit(BlkdebugEvent::FlushToOs);
        engine.flush()?;
        if opened.mode.no_flush {
            return Ok(());
        }
        self.emit(BlkdebugEvent::FlushToDisk);
        engine.sync()
    }

    pub(super) fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.modify(offset, length, |engine| engine.discard(offset, length))
    }

    pub(super) fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.with_engine(|engine| {
            let length = length.min(engine.size().saturating_sub(offset));
            if length == 0 {
                return Ok(Extent { length: 0, zero: true, allocated: false });
            }
            engine.extent(offset, length)
        })
    }

    pub(super) fn is_allocated(&self, offset: u64, length: u64) -> io::Result<(bool, u64)> {
        self.with_engine(|engine| match length.min(engine.size().saturating_sub(offset)) {
            0 => Ok((false, 0)),
            inside => engine.is_allocated(offset, inside),
        })
    }

    pub(super) fn storage(self: &Arc<Self>) -> Storage {
        Storage::new(ImageStorage::new(Arc::clone(self)))
    }

    pub(super) fn close(&self) -> io::Result<()> {
        let mut opened = self.exclusive()?;
        if opened.engine.as_ref().is_some_and(|engine| engine.is_corrupt()) {
            // Nothing is written to a corrupt image.
            opened.engine = None;
            return Ok(());
        }
        let stored = self.store_bitmaps(&opened);
        if let Err(error) = &stored {
            tracing::error!(%error, "persistent bitmaps are lost");
        }
        let flushed = self.flush_opened(&opened);
        opened.engine = None;
        stored.map_err(io::Error::other).and(flushed)
    }
}

fn open_clusters(storage: &Storage, header: &Header, mode: &Qcow2Mode) -> Result<Arc<Clusters>> {
    let storages = Storages {
        file: storage.clone(),
        data: mode.data_file.clone(),
        backing: mode.backing.clone(),
    };
    let mode = OpenMode {
        writable: mode.writable,
        no_flush: mode.no_flush,
        cache_sizes: mode.cache_sizes,
        overlap_checks: mode.overlap_checks,
        discard_policy: mode.discard_policy,
        corruption_observer: mode.corruption_observer.clone(),
    };
    Ok(Arc::new(Clusters::open(storages, header, mode)?))
}
