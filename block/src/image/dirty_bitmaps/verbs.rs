//! What the commands `block-dirty-bitmap-*` do.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::bitmap::{Bitmap, Requirement};
use super::bits::{Bits, PAGE};
use super::change::{BitmapChange, Undo};
use super::{BITMAPS_MAX, DirtyBitmaps, MEMORY_MAX, NAME_MAX};
use crate::error::{Error, Result};

/// A bitmap that is to be added.
#[derive(Clone, Debug)]
pub struct NewBitmap {
    /// The name.
    pub name: String,
    /// The number of bytes for which a bit stands: a power of two.
    pub granularity: u64,
    /// Whether writes are recorded from the beginning.
    pub enabled: bool,
    /// Whether the bitmap is stored in the image when the image is closed.
    pub persistent: bool,
}

impl DirtyBitmaps {
    /// Adds a clean bitmap to a node of `size` bytes.
    ///
    /// # Errors
    /// [`Error::InvalidOption`]: the name is in use or too long, or there are 65,535 bitmaps.
    pub(crate) fn add(self: &Arc<Self>, new: NewBitmap, size: u64) -> Result<BitmapChange> {
        let NewBitmap { name, granularity, enabled, persistent } = new;
        self.change(|list| {
            if list.find(&name).is_ok() {
                return Err(Error::InvalidOption(format!("Bitmap already exists: {name}")));
            }
            if name.len() > NAME_MAX {
                return Err(Error::InvalidOption(format!("Bitmap name too long: {name}")));
            }
            if list.bitmaps.len() >= BITMAPS_MAX {
                let text = format!("A node has at most {BITMAPS_MAX} bitmaps");
                return Err(Error::InvalidOption(text));
            }
            let bitmap = Bitmap::new(name, granularity, size);
            let id = list.push(Bitmap { enabled, persistent, ..bitmap });
            Ok(BitmapChange::new(self, id, Undo::Remove))
        })
    }

    /// Whether a bitmap that may be removed is persistent.
    ///
    /// # Errors
    /// [`Error::BitmapNotFound`], [`Error::BitmapBusy`], [`Error::BitmapReadOnly`].
    pub(crate) fn check_removable(&self, name: &str) -> Result<bool> {
        let mut list = self.lock();
        let bitmap = list.find(name)?;
        bitmap.check(Requirement::Modifiable)?;
        Ok(bitmap.persistent)
    }

    /// Removes a bitmap when the result is dropped. Until then, the bitmap is busy.
    ///
    /// # Errors
    /// As for [`DirtyBitmaps::check_removable`].
    pub(crate) fn remove(self: &Arc<Self>, name: &str) -> Result<BitmapChange> {
        self.change(|list| {
            let bitmap = list.find(name)?;
            bitmap.check(Requirement::Modifiable)?;
            bitmap.busy = true;
            Ok(BitmapChange::new(self, bitmap.id, Undo::Keep))
        })
    }

    /// Makes a bitmap clean.
    ///
    /// # Errors
    /// [`Error::BitmapNotFound`], [`Error::BitmapBusy`], [`Error::BitmapReadOnly`],
    /// [`Error::BitmapInconsistent`].
    pub fn clear(self: &Arc<Self>, name: &str) -> Result<BitmapChange> {
        self.change(|list| {
            let bitmap = list.find(name)?;
            bitmap.check(Requirement::ConsistentAndModifiable)?;
            bitmap.is_changed = true;
            let before = std::mem::take(&mut bitmap.bits);
            Ok(BitmapChange::new(self, bitmap.id, Undo::Restore(before)))
        })
    }

    /// Begins or ends the recording of writes.
    ///
    /// # Errors
    /// [`Error::BitmapNotFound`], [`Error::BitmapBusy`], [`Error::BitmapInconsistent`].
    pub fn enable(self: &Arc<Self>, name: &str, enabled: bool) -> Result<BitmapChange> {
        self.change(|list| {
            let bitmap = list.find(name)?;
            bitmap.check(Requirement::Consistent)?;
            let before = std::mem::replace(&mut bitmap.enabled, enabled);
            Ok(BitmapChange::new(self, bitmap.id, Undo::Enable(before)))
        })
    }

    /// Adds the dirty ranges of other bitmaps, each with the bitmaps of its node, to a bitmap.
    ///
    /// # Errors
    /// [`Error::BitmapNotFound`], [`Error::BitmapBusy`], [`Error::BitmapInconsistent`] for each of
    /// the bitmaps, [`Error::BitmapReadOnly`] for the target, [`Error::BitmapSizes`]. No bitmap is
    /// changed then.
    pub fn merge(
        self: &Arc<Self>,
        target: &str,
        sources: &[(Arc<DirtyBitmaps>, String)],
    ) -> Result<BitmapChange> {
        let granularity = self.lock().find(target)?.granularity;
        let mut merged = Bits::default();
        for (bitmaps, name) in sources {
            bitmaps.lock().find(name)?;
            let size = self.lock().mergeable(target)?.size;
            bitmaps.add_to(&mut merged, name, granularity, size)?;
        }
        self.change(|list| {
            let bitmap = list.mergeable(target)?;
            let before = bitmap.bits.clone();
            for bits in merged.ranges(bitmap.length()) {
                bitmap.is_changed |= bitmap.bits.set(bits);
            }
            Ok(BitmapChange::new(self, bitmap.id, Undo::Restore(before)))
        })
    }

    /// Adds the dirty ranges of a bitmap to the bits of another one with this granularity.
    fn add_to(&self, bits: &mut Bits, name: &str, granularity: u64, size: u64) -> Result<()> {
        let mut list = self.lock();
        let bitmap = list.find(name)?;
        bitmap.check(Requirement::Consistent)?;
        if bitmap.size != size {
            return Err(Error::BitmapSizes { target_size: size, source_size: bitmap.size });
        }
        for range in bitmap.ranges() {
            bits.set(range.start / granularity..range.end.div_ceil(granularity));
            if bits.memory() > MEMORY_MAX {
                let text = format!("Bitmap '{name}' has too many dirty ranges to be merged");
                return Err(Error::InvalidOption(text));
            }
        }
        Ok(())
    }

    /// The SHA-256 of the bits, in whole little-endian words of 64 bits, and at least one.
    ///
    /// # Errors
    /// [`Error::BitmapNotFound`].
    pub fn sha256(&self, name: &str) -> Result<String> {
        // Writers do not wait for the sum.
        let (bits, length) = {
            let mut list = self.lock();
            let bitmap = list.find(name)?;
            (bitmap.bits.clone(), bitmap.length())
        };
        let bytes = (length.div_ceil(64) * 8).max(8);
        let (mut digest, mut page) = (Sha256::new(), [0; PAGE]);
        for offset in (0..bytes).step_by(PAGE) {
            bits.copy_to(offset, &mut page);
            let inside = (bytes - offset).min(PAGE as u64) as usize;
            digest.update(&page[..inside]);
        }
        Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl super::List {
    /// A bitmap into which others can be merged.
    fn mergeable(&mut self, name: &str) -> Result<&mut Bitmap> {
        let bitmap = self.find(name)?;
        bitmap.check(Requirement::ConsistentAndModifiable)?;
        Ok(bitmap)
    }
}
