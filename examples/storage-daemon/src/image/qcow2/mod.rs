//! The format qcow2: its header here, its tables by the image library.

mod crash_safe;
pub mod header;
mod stacked;

use super::extent::{self, Extent};
use super::storage::Storage;
use super::{FormatLayer, check_range, not_permitted};
use crate::error::{Error, Result};
use crash_safe::CrashSafeStorage;
use header::Header;
use imago::format::PreallocateMode;
use imago::qcow2::Qcow2;
use imago::{DenyImplicitOpenGate, FormatAccess, FormatDriverBuilder, ShallowMapping};
use parking_lot::RwLock;
use stacked::StackedStorage;
use std::io;
use std::sync::Arc;

/// The first bytes of all qcow2 images.
pub const MAGIC: [u8; 4] = *b"QFI\xfb";
/// Zeroes are written from a buffer of this size where the format cannot just note them: at most
/// two partial clusters of 2 MiB per request.
const ZERO_BUFFER: usize = 64 * 1024;

/// How to open a qcow2 image.
#[derive(Debug)]
pub struct Qcow2Mode {
    /// Whether the image may be written.
    pub writable: bool,
    /// Whether flushing stops at the page cache.
    pub no_flush: bool,
    /// What shows through where the image has nothing of its own.
    pub backing: Option<FormatLayer>,
}

/// An open qcow2 image.
#[derive(Debug)]
pub struct Qcow2Image {
    header: Header,
    writable: bool,
    no_flush: bool,
    /// The image of the library. Reads and writes share the lock; what must not meet a write
    /// takes it alone. Gone once the image is closed.
    layer: RwLock<Option<FormatLayer>>,
}

impl Qcow2Image {
    /// Opens the image whose header was read before from the same storage.
    ///
    /// # Errors
    /// [`Error::While`], with what is wrong in the image or its storage.
    pub fn open(storage: Storage, header: Header, mode: Qcow2Mode) -> Result<Self> {
        let cannot_open = |source| {
            let what = "Could not open qcow2 image".into();
            Error::While { what, source }
        };
        let storage = if mode.writable {
            let guarded = CrashSafeStorage::new(storage, header.table_pointers().clone());
            Arc::new(guarded.map_err(cannot_open)?)
        } else {
            storage
        };
        let image = Qcow2::<Storage, FormatLayer>::builder(storage)
            .write(mode.writable)
            .backing(mode.backing)
            .data_file(None)
            .open(DenyImplicitOpenGate::default())
            .map_err(cannot_open)?;
        let layer = RwLock::new(Some(Arc::new(FormatAccess::new(image))));
        Ok(Qcow2Image { header, writable: mode.writable, no_flush: mode.no_flush, layer })
    }

    /// The header as it was when the image was opened.
    pub fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn layer(&self) -> io::Result<FormatLayer> {
        self.layer.read().clone().ok_or_else(not_permitted)
    }

    pub(super) fn size(&self) -> io::Result<u64> {
        self.shared(|layer| Ok(layer.size()))
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.shared(|layer| {
            check_range(offset, buffer.len() as u64, layer.size())?;
            layer.read(buffer, offset)
        })
    }

    pub(super) fn write(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        self.modify(offset, buffer.len() as u64, |layer| layer.write(buffer, offset))
    }

    pub(super) fn write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.modify(offset, length, |layer| self.zero(layer, offset, length))
    }

    /// Zeroes whole clusters through the tables and writes zeroes into those at the edges.
    fn zero(&self, layer: &FormatAccess<Storage>, offset: u64, length: u64) -> io::Result<()> {
        let cluster = self.header.cluster_size();
        let end = offset + length;
        let whole_start = offset.next_multiple_of(cluster).min(end);
        // The last cluster of an image may be cut off by its end and is whole nevertheless.
        let whole_end = if end == layer.size() { end } else { end - end % cluster };
        if self.header.version() < 3 || whole_start >= whole_end {
            return write_plain_zeroes(layer, offset, end);
        }
        write_plain_zeroes(layer, offset, whole_start)?;
        layer.write_zeroes(whole_start, whole_end - whole_start)?;
        write_plain_zeroes(layer, whole_end, end)
    }

    /// Runs something that changes the range.
    ///
    /// Overwriting a compressed cluster frees it. Were it used again before the change is on
    /// disk, a crash could leave a table where the old entry still expects data: such writes are
    /// made alone and flushed at once.
    fn modify(
        &self,
        offset: u64,
        length: u64,
        change: impl Fn(&FormatAccess<Storage>) -> io::Result<()>,
    ) -> io::Result<()> {
        if !self.writable {
            return Err(not_permitted());
        }
        let done = self.shared(|layer| {
            check_range(offset, length, layer.size())?;
            if has_compressed(layer, offset, length)? {
                return Ok(false);
            }
            change(layer).map(|()| true)
        })?;
        if done {
            return Ok(());
        }
        let guard = self.layer.write();
        let layer = guard.as_ref().ok_or_else(not_permitted)?;
        change(layer)?;
        layer.flush()
    }

    fn shared<T>(
        &self,
        work: impl FnOnce(&FormatAccess<Storage>) -> io::Result<T>,
    ) -> io::Result<T> {
        let guard = self.layer.read();
        work(guard.as_ref().ok_or_else(not_permitted)?)
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        if !self.writable {
            return Ok(());
        }
        let layer = {
            let guard = self.layer.write();
            let layer = guard.as_ref().ok_or_else(not_permitted)?;
            layer.flush()?;
            Arc::clone(layer)
        };
        if self.no_flush { Ok(()) } else { layer.sync() }
    }

    pub(super) fn grow(&self, size: u64) -> io::Result<()> {
        if !self.writable {
            return Err(not_permitted());
        }
        let guard = self.layer.write();
        let layer = guard.as_ref().ok_or_else(not_permitted)?;
        layer.resize_grow(size, PreallocateMode::Zero)?;
        layer.flush()
    }

    pub(super) fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.shared(|layer| {
            let length = length.min(layer.size().saturating_sub(offset));
            if length == 0 {
                return Ok(Extent { length: 0, zero: true, allocated: false });
            }
            extent::of_layer(layer, offset, length)
        })
    }

    pub(super) fn storage(self: &Arc<Self>) -> Storage {
        Arc::new(StackedStorage::new(Arc::clone(self)))
    }

    pub(super) fn close(&self) -> io::Result<()> {
        let flushed = self.flush();
        *self.layer.write() = None;
        flushed
    }
}

/// Whether any cluster of the range is compressed. Clusters never become so while an image is
/// open here.
fn has_compressed(
    layer: &FormatAccess<Storage>,
    mut offset: u64,
    length: u64,
) -> io::Result<bool> {
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

fn write_plain_zeroes(
    layer: &FormatAccess<Storage>,
    mut offset: u64,
    end: u64,
) -> io::Result<()> {
    static ZEROES: [u8; ZERO_BUFFER] = [0; ZERO_BUFFER];
    while offset < end {
        let length = (end - offset).min(ZERO_BUFFER as u64);
        layer.write(&ZEROES[..length as usize], offset)?;
        offset += length;
    }
    Ok(())
}
