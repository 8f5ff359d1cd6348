//! Changes of the mode, of the storage and of the backing file name of an open image, and the
//! recovery of an image that could not be opened again.

use std::io;

use parking_lot::{RwLockReadGuard, RwLockWriteGuard};

use super::check;
use super::header::{BackingName, Header};
use super::{Metadata, Opened, Qcow2Change, Qcow2Image, Qcow2Mode, open_clusters};
use crate::error::{Error, Result};
use crate::image::permissions::AccessMode;

impl Qcow2Image {
    /// Locks the open image for a request that runs side by side with others.
    ///
    /// # Errors
    /// The image is lost and still cannot be opened.
    pub(super) fn shared(&self) -> io::Result<RwLockReadGuard<'_, Opened>> {
        let opened = self.opened.read();
        if !opened.is_lost {
            return Ok(opened);
        }
        drop(opened);
        self.exclusive().map(RwLockWriteGuard::downgrade)
    }

    /// Locks the open image for an operation that excludes all others.
    ///
    /// # Errors
    /// As for [`Qcow2Image::shared`].
    pub(super) fn exclusive(&self) -> io::Result<RwLockWriteGuard<'_, Opened>> {
        let mut opened = self.opened.write();
        if opened.is_lost {
            let mode = opened.mode.clone();
            self.open_again(&mut opened, mode).map_err(Error::into_io)?;
            // The return to a snapshot may have changed the size.
            self.dirty_bitmaps().resize(opened.engine()?.size());
        }
        Ok(opened)
    }

    /// Closes the image and opens it in another mode, optionally with another name of its backing
    /// file. Waits for the requests in flight and blocks others.
    ///
    /// All data are flushed before the header is changed, so that a crash leaves the image with
    /// either the old or the new name.
    ///
    /// # Errors
    /// The image cannot be flushed, the header cannot be changed, or the image cannot be opened in
    /// the new mode. The image is then open in the former mode, but may have the new name. If the
    /// image cannot be opened in the former mode either, each later request tries to open it.
    pub fn reopen(&self, change: Qcow2Change) -> Result<()> {
        let Qcow2Change { mode, name } = change;
        let mut opened = self.exclusive()?;
        let engine = opened.engine()?;
        if opened.mode.writable {
            if !mode.writable {
                self.store_bitmaps(&opened)?;
            }
            engine.flush()?;
            if !opened.mode.no_flush {
                engine.sync()?;
            }
        }
        // The header is checked before the image is closed, so that an error leaves the image open.
        Header::read(&self.storage, AccessMode::from_writable(mode.writable))?;
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
            opened.is_lost = true;
        }
        renamed.and(reopened)
    }

    /// Runs `exchange`, which replaces the contents of the storage, when all data are flushed to
    /// the former contents. Reads the tables from the new contents afterwards. As in QEMU, the
    /// header is not read again.
    ///
    /// # Errors
    /// The image cannot be flushed, or the tables cannot be read. The tables of the former contents
    /// are then in use, and the caller restores those.
    pub(crate) fn exchange_file(&self, exchange: impl FnOnce()) -> Result<()> {
        let mut opened = self.exclusive()?;
        self.flush_opened(&opened)?;
        exchange();
        let engine = open_clusters(&self.storage, &self.header(), &opened.mode)?;
        opened.engine = Some(engine);
        Ok(())
    }

    fn open_again(&self, opened: &mut Opened, mode: Qcow2Mode) -> Result<()> {
        let mut header = Header::read(&self.storage, AccessMode::from_writable(mode.writable))?;
        if mode.writable {
            check::repair_if_dirty(&self.storage, &mut header)?;
        }
        let engine = open_clusters(&self.storage, &header, &mode)?;
        let metadata = Metadata::read(&self.storage, header)?;
        if mode.writable {
            metadata.header.prepare_for_writing(&self.storage)?;
        }
        self.reopen_bitmaps(&metadata.header, &engine, opened.mode.active, &mode)?;
        *opened = Opened { mode, engine: Some(engine), is_lost: false };
        *self.metadata.lock() = metadata;
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
}
