//! Loading and storing the persistent bitmaps of an open image.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::bitmaps::store::Target;
use super::bitmaps::{self, Bitmaps};
use super::clusters::Clusters;
use super::header::Header;
use super::{Opened, Qcow2Image, Qcow2Mode};
use crate::error::Result;
use crate::image::permissions::AccessMode;

impl Qcow2Image {
    /// Lets the bitmaps be stored anew, as the image is about to be written.
    pub(super) fn mark_written(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }

    /// Writes the bitmaps of a writable image to it.
    pub(super) fn store_bitmaps(&self, opened: &Opened) -> Result<()> {
        if !opened.mode.writable {
            return Ok(());
        }
        let written = self.is_written.load(Ordering::Relaxed);
        self.change_bitmaps(opened, |bitmaps, target| {
            bitmaps.store(target, &self.dirty_bitmaps, written)
        })?;
        self.is_written.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Removes a persistent bitmap from the image, if it is there.
    ///
    /// # Errors
    /// Those of the storage; or the image is closed.
    pub(crate) fn remove_bitmap(&self, name: &str) -> Result<()> {
        let opened = self.exclusive()?;
        self.change_bitmaps(&opened, |bitmaps, target| bitmaps.remove(target, name))
    }

    /// Makes a change that may move the directory.
    fn change_bitmaps(
        &self,
        opened: &Opened,
        change: impl FnOnce(&mut Bitmaps, &Target<'_>) -> Result<bool>,
    ) -> Result<()> {
        let engine = opened.engine()?;
        let barrier = || {
            engine.flush()?;
            if opened.mode.no_flush { Ok(()) } else { engine.sync() }
        };
        let target = Target::new(&self.storage, engine, &barrier);
        if change(&mut self.bitmaps.lock(), &target)? {
            let header = Header::read(&self.storage, AccessMode::ReadWrite)?;
            self.metadata.lock().header = Arc::new(header);
        }
        Ok(())
    }

    /// Adapts the bitmaps to another mode: loads them when the node becomes active, forgets them,
    /// which are stored, when it becomes inactive, and marks them as in use when it becomes
    /// writable.
    pub(super) fn reopen_bitmaps(
        &self,
        header: &Header,
        engine: &Clusters,
        was_active: bool,
        mode: &Qcow2Mode,
    ) -> Result<()> {
        let mut bitmaps = self.bitmaps.lock();
        match (was_active, mode.active) {
            (false, true) => {
                *bitmaps = Bitmaps::read(&self.storage, header)?;
                let loaded = bitmaps.load(&self.storage, header.size())?;
                self.dirty_bitmaps.add_loaded(loaded);
            }
            (true, false) => self.dirty_bitmaps.forget_persistent(),
            (true, true) | (false, false) => {}
        }
        if mode.writable {
            bitmaps.mark_in_use(engine, mode.no_flush)?;
        }
        self.dirty_bitmaps.set_read_only(!mode.writable);
        Ok(())
    }

    /// Checks that the image can store another bitmap.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::error::Error::InvalidOption); or the image is closed.
    pub(crate) fn check_new_bitmap(&self, name: &str, granularity: u64) -> Result<()> {
        let size = self.size()?;
        bitmaps::check_new(&self.header(), size, &self.dirty_bitmaps, (name, granularity))
    }
}
