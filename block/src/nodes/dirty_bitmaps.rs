//! The dirty bitmaps of nodes.

use std::sync::Arc;

use rustix::io::Errno;

use super::node::Node;
use crate::error::{Error, Result};
use crate::image::dirty_bitmaps::{BitmapChange, DirtyBitmaps, NewBitmap};

/// The granularities that QEMU chooses, in bytes.
const GRANULARITY_MIN: u64 = 4096;
const GRANULARITY_MAX: u64 = 65536;

impl Node {
    /// The bitmaps, which record the writes to the node.
    pub fn dirty_bitmaps(&self) -> &Arc<DirtyBitmaps> {
        self.writes.bitmaps()
    }

    /// The granularity of a bitmap for which none is given, in bytes: a cluster, within limits.
    pub fn bitmap_granularity(&self) -> u64 {
        let cluster_size = self.cluster_size().unwrap_or(GRANULARITY_MAX);
        cluster_size.clamp(GRANULARITY_MIN, GRANULARITY_MAX)
    }

    /// Adds a clean bitmap.
    ///
    /// # Errors
    /// [`Error::While`] if the node cannot store a persistent bitmap; [`Error::InvalidOption`] if
    /// the name is in use or too long, or there are too many bitmaps; [`Error::Io`] if the size of
    /// the node cannot be determined.
    pub fn add_bitmap(&self, new: NewBitmap) -> Result<BitmapChange> {
        if new.persistent {
            self.check_persistent(&new)?;
        }
        self.dirty_bitmaps().add(new, self.size()?)
    }

    fn check_persistent(&self, new: &NewBitmap) -> Result<()> {
        let NewBitmap { name, granularity, .. } = new;
        let Some(image) = self.qcow2_image() else {
            let what = format!("Can't store persistent bitmaps to {}", self.name());
            return Err(Error::While { what, source: Errno::NOTSUP.into() });
        };
        image.check_new_bitmap(name, *granularity).map_err(|error| {
            let node = self.name();
            let text = format!("Can't make bitmap '{name}' persistent in '{node}': {error}");
            Error::InvalidOption(text)
        })
    }

    /// Removes a bitmap when the result is dropped. A persistent bitmap is removed from the image
    /// at once; if the change is undone, the bitmap is stored again when the image is closed.
    /// Blocks.
    ///
    /// # Errors
    /// [`Error::BitmapNotFound`], [`Error::BitmapBusy`], [`Error::BitmapReadOnly`]; or those of
    /// the image.
    pub fn remove_bitmap(&self, name: &str) -> Result<BitmapChange> {
        let is_persistent = self.dirty_bitmaps().check_removable(name)?;
        if is_persistent && let Some(image) = self.qcow2_image() {
            image.remove_bitmap(name)?;
        }
        self.dirty_bitmaps().remove(name)
    }

    /// Refuses another size if a persistent bitmap is in use or inconsistent.
    pub(super) fn check_bitmaps_resizable(&self) -> Result<()> {
        self.dirty_bitmaps().check_persistent()
    }

    /// Lets the bitmaps follow a change of the size.
    pub(super) fn resize_bitmaps(&self) -> Result<()> {
        self.dirty_bitmaps().resize(self.size()?);
        Ok(())
    }
}
