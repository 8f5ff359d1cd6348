//! Bitmaps that a job or an export uses, so that no other operation does.

use std::ops::Range;
use std::sync::Arc;

use super::DirtyBitmaps;
use super::bitmap::{Bitmap, Requirement};
use super::bits::Bits;
use crate::error::Result;

/// A bitmap that a job or an export uses. It is released when this is dropped; writes that were
/// recorded separately meanwhile are then added to it.
#[derive(Debug)]
#[must_use = "the bitmap is released when this is dropped"]
pub struct BusyBitmap {
    bitmaps: Arc<DirtyBitmaps>,
    id: u64,
}

impl DirtyBitmaps {
    /// Whether there is a bitmap of this name.
    pub fn has(&self, name: &str) -> bool {
        self.lock().find(name).is_ok()
    }

    /// Whether a bitmap records writes.
    ///
    /// # Errors
    /// [`BitmapNotFound`](crate::error::Error::BitmapNotFound).
    pub fn is_enabled(&self, name: &str) -> Result<bool> {
        Ok(self.lock().find(name)?.enabled)
    }

    /// Checks that a bitmap can be read, and that it can be modified if `modified` is set.
    ///
    /// # Errors
    /// [`BitmapNotFound`](crate::error::Error::BitmapNotFound),
    /// [`BitmapBusy`](crate::error::Error::BitmapBusy),
    /// [`BitmapInconsistent`](crate::error::Error::BitmapInconsistent);
    /// [`BitmapReadOnly`](crate::error::Error::BitmapReadOnly) if it is to be modified.
    pub fn check(&self, name: &str, modified: bool) -> Result<()> {
        self.lock().find(name)?.check(requirement(modified))
    }

    /// Checks that no persistent bitmap is busy or inconsistent.
    pub(crate) fn check_persistent(&self) -> Result<()> {
        self.for_each_persistent(|bitmap| bitmap.check(Requirement::Consistent))
    }

    /// Reserves a bitmap for an export, which reads it.
    ///
    /// # Errors
    /// As for [`DirtyBitmaps::check`].
    pub fn reserve(self: &Arc<Self>, name: &str) -> Result<BusyBitmap> {
        self.reserve_checked(name, Requirement::Consistent, |_bitmap| {})
    }

    /// Reserves a bitmap for a backup, which modifies it afterwards if `modified` is set. Writes
    /// are recorded separately from now on.
    ///
    /// # Errors
    /// As for [`DirtyBitmaps::check`].
    pub fn reserve_for_backup(
        self: &Arc<Self>,
        name: &str,
        modified: bool,
    ) -> Result<BusyBitmap> {
        self.reserve_checked(name, requirement(modified), |bitmap| {
            bitmap.successor = Some(Bits::default());
        })
    }

    fn reserve_checked(
        self: &Arc<Self>,
        name: &str,
        requirement: Requirement,
        prepare: impl FnOnce(&mut Bitmap),
    ) -> Result<BusyBitmap> {
        self.change(|list| {
            let bitmap = list.find(name)?;
            bitmap.check(requirement)?;
            bitmap.busy = true;
            prepare(bitmap);
            Ok(BusyBitmap { bitmaps: Arc::clone(self), id: bitmap.id })
        })
    }
}

fn requirement(modified: bool) -> Requirement {
    if modified { Requirement::ConsistentAndModifiable } else { Requirement::Consistent }
}

impl BusyBitmap {
    /// Calls `work` with each dirty range in bytes.
    pub fn for_each_dirty(&self, work: impl FnMut(Range<u64>)) {
        let mut list = self.bitmaps.lock();
        list.by_id(self.id).into_iter().flat_map(|bitmap| bitmap.ranges()).for_each(work);
    }

    /// Whether the byte at `offset` is dirty, and the number of bytes to which this applies: at
    /// least one, and at most `length`.
    pub fn status(&self, offset: u64, length: u64) -> (bool, u64) {
        let mut list = self.bitmaps.lock();
        list.by_id(self.id).map_or((false, length), |bitmap| bitmap.status(offset, length))
    }

    /// Replaces the dirty ranges by those of the writes since the beginning of the backup, and by
    /// `others`, and releases the bitmap.
    pub fn replace(self, others: impl Iterator<Item = Range<u64>>) {
        self.bitmaps.change(|list| {
            let Some(bitmap) = list.by_id(self.id) else { return };
            bitmap.bits = Bits::default();
            bitmap.is_changed = true;
            bitmap.reclaim_successor();
            if !bitmap.inconsistent {
                others.for_each(|range| bitmap.mark(&range));
            }
        });
    }
}

impl Drop for BusyBitmap {
    fn drop(&mut self) {
        self.bitmaps.change(|list| {
            let Some(bitmap) = list.by_id(self.id) else { return };
            bitmap.busy = false;
            bitmap.reclaim_successor();
        });
    }
}
