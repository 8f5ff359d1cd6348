//! The format qcow2: its header, and the engines that read and write its tables.

mod blkdebug_events;
mod clusters;
mod compressed;
mod copy_on_read;
mod crash_safe;
mod engine;
pub mod header;
mod image_storage;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use imago::Storage as _;
use parking_lot::{Mutex, RwLock};

use super::blkdebug::rules::Rules;
use super::extent::{Extent, check_range, not_permitted};
use super::storage::Storage;
use crate::error::Result;
use crate::options::blkdebug::BlkdebugEvent;
use engine::Engine;
pub use engine::Qcow2Mode;
use header::{BackingName, Header};
use image_storage::ImageStorage;

/// The first bytes of all qcow2 images.
pub const MAGIC: [u8; 4] = *b"QFI\xfb";
/// The size of the buffer from which zeroes are written to partial clusters. A request has at
/// most two partial clusters, of at most 2 MiB each.
const ZERO_BUFFER: usize = 64 * 1024;

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
    header: Mutex<Arc<Header>>,
    /// The rules of the blkdebug node below, if there is one.
    rules: Option<Arc<Rules>>,
    /// The open image. Reads and writes take the lock shared, and operations that exclude writes
    /// take it exclusively.
    opened: RwLock<Opened>,
}

/// The mode and the engine of an open image.
#[derive(Debug)]
struct Opened {
    mode: Qcow2Mode,
    /// `None` once the image is closed.
    engine: Option<Engine>,
}

impl Opened {
    fn engine(&self) -> io::Result<&Engine> {
        self.engine.as_ref().ok_or_else(not_permitted)
    }

    fn writable_engine(&self) -> io::Result<&Engine> {
        if self.mode.writable { self.engine() } else { Err(not_permitted()) }
    }
}

impl Qcow2Image {
    /// Opens an image. The header has been read from the same storage.
    ///
    /// # Errors
    /// [`Error::While`](crate::error::Error::While), with the error of the image or its storage.
    pub fn open(storage: Storage, header: Header, mode: Qcow2Mode) -> Result<Self> {
        let engine = Some(Engine::open(&storage, &header, &mode)?);
        let header = Mutex::new(Arc::new(header));
        let rules = storage.blkdebug_rules();
        Ok(Qcow2Image { storage, header, rules, opened: RwLock::new(Opened { mode, engine }) })
    }

    /// The header at the time of the last opening.
    pub fn header(&self) -> Arc<Header> {
        Arc::clone(&self.header.lock())
    }

    /// The mode in which the image is open.
    pub fn mode(&self) -> Qcow2Mode {
        self.opened.read().mode.clone()
    }

    /// Closes the image and opens it in another mode, optionally with another name of its backing
    /// file. Waits for the requests in flight and blocks others.
    ///
    /// The image library has the header in memory, and writes the whole header when a table grows.
    /// The library must therefore not have the image open while the header changes. All data are
    /// flushed before the header is changed, so that a crash leaves the image with either the old
    /// or the new name.
    ///
    /// # Errors
    /// The image cannot be flushed, the header cannot be changed, or the image cannot be opened in
    /// the new mode. The image is then open in the former mode, but may have the new name. If the
    /// image cannot be opened in the former mode either, it is closed.
    pub fn reopen(&self, change: Qcow2Change) -> Result<()> {
        let Qcow2Change { mode, name } = change;
        let mut opened = self.opened.write();
        let engine = opened.engine()?;
        if opened.mode.writable {
            engine.flush()?;
            if !opened.mode.no_flush {
                engine.sync()?;
            }
        }
        // The header is checked before the image is closed, so that an error leaves the image open.
        Header::read(&self.storage, mode.writable)?;
        opened.engine = None;
        let renamed = match &name {
            Some(name) => self.rename(name.as_ref(), mode.no_flush),
            None => Ok(()),
        };
        let former = opened.mode.clone();
        let mode = if renamed.is_ok() { mode } else { former.clone() };
        let reopened = self.open_again(&mut opened, mode);
        if reopened.is_err()
            && let Err(error) = self.open_again(&mut opened, former)
        {
            tracing::error!(%error, "an image cannot be opened any more");
        }
        renamed.and(reopened)
    }

    fn open_again(&self, opened: &mut Opened, mode: Qcow2Mode) -> Result<()> {
        let header = Header::read(&self.storage, mode.writable)?;
        opened.engine = Some(Engine::open(&self.storage, &header, &mode)?);
        opened.mode = mode;
        *self.header.lock() = Arc::new(header);
        Ok(())
    }

    fn rename(&self, name: Option<&BackingName>, no_flush: bool) -> Result<()> {
        Header::name_backing(&self.storage, name)?;
        self.storage.flush()?;
        if !no_flush {
            self.storage.sync()?;
        }
        Ok(())
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

    pub(super) fn write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.modify(offset, length, |engine| self.zero(engine, offset, length))
    }

    /// Zeroes whole clusters in the tables, and writes zeroes to partial clusters.
    fn zero(&self, engine: &Engine, offset: u64, length: u64) -> io::Result<()> {
        let library = match engine {
            Engine::Clusters(clusters) => return clusters.write_zeroes(offset, length),
            Engine::Library(library) => library,
        };
        let header = self.header();
        let cluster = header.cluster_size();
        let end = offset + length;
        let whole_start = offset.next_multiple_of(cluster).min(end);
        // A last cluster that extends beyond the end of the image counts as whole.
        let whole_end = if end == engine.size() { end } else { end - end % cluster };
        if header.version() < 3 || whole_start >= whole_end {
            return self.write_plain_zeroes(engine, offset, end);
        }
        self.write_plain_zeroes(engine, offset, whole_start)?;
        library.write_zeroes(whole_start, whole_end - whole_start)?;
        self.write_plain_zeroes(engine, whole_end, end)
    }

    fn write_plain_zeroes(&self, engine: &Engine, mut offset: u64, end: u64) -> io::Result<()> {
        static ZEROES: [u8; ZERO_BUFFER] = [0; ZERO_BUFFER];
        while offset < end {
            let length = (end - offset).min(ZERO_BUFFER as u64);
            self.write_with_events(engine, offset, &ZEROES[..length as usize])?;
            offset += length;
        }
        Ok(())
    }

    /// Runs `change` on a range. A change that frees clusters excludes other requests, and is
    /// flushed at once.
    fn modify(
        &self,
        offset: u64,
        length: u64,
        change: impl Fn(&Engine) -> io::Result<()>,
    ) -> io::Result<()> {
        let done = {
            let opened = self.opened.read();
            let engine = opened.writable_engine()?;
            check_range(offset, length, engine.size())?;
            let plain = !engine.frees_clusters(offset, length)?;
            if plain {
                change(engine)?;
            }
            plain
        };
        if done {
            return Ok(());
        }
        let opened = self.opened.write();
        let engine = opened.writable_engine()?;
        change(engine)?;
        engine.flush()
    }

    fn with_engine<T>(&self, work: impl FnOnce(&Engine) -> io::Result<T>) -> io::Result<T> {
        work(self.opened.read().engine()?)
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        let engine = {
            let opened = self.opened.write();
            let engine = opened.engine()?;
            if !opened.mode.writable {
                return Ok(());
            }
            self.emit(BlkdebugEvent::FlushToOs);
            engine.flush()?;
            if opened.mode.no_flush {
                return Ok(());
            }
            engine.clone()
        };
        self.emit(BlkdebugEvent::FlushToDisk);
        engine.sync()
    }

    pub(super) fn grow(&self, size: u64) -> io::Result<()> {
        let opened = self.opened.write();
        let engine = opened.writable_engine()?;
        engine.grow(size)?;
        engine.flush()
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

    pub(super) fn storage(self: &Arc<Self>) -> Storage {
        Storage::new(ImageStorage::new(Arc::clone(self)))
    }

    pub(super) fn close(&self) -> io::Result<()> {
        let flushed = self.flush();
        self.opened.write().engine = None;
        flushed
    }
}
