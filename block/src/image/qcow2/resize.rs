//! Changes of the size of an image.

use std::io;

use super::Qcow2Image;
use crate::error::{Error, Result};
use crate::image::extent::SECTOR_SIZE;
use crate::image::storage::Preallocation;

impl Qcow2Image {
    /// Changes the size to `size` bytes. New bytes read as zeroes.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a size that is no multiple of 512, or for an image of version 2
    /// with snapshots, which does not record their sizes; [`Error::While`] and [`Error::Io`] for
    /// errors of the image and its storage.
    pub(crate) fn resize(&self, size: u64) -> Result<()> {
        if !size.is_multiple_of(SECTOR_SIZE) {
            let text = format!("The new size must be a multiple of {SECTOR_SIZE}");
            return Err(Error::InvalidOption(text));
        }
        if self.header().version() < 3 && !self.snapshots().is_empty() {
            let text = "Can't resize a v2 image which has snapshots";
            return Err(Error::InvalidOption(text.to_owned()));
        }
        if size < self.size()? {
            return Ok(self.shrink(size)?);
        }
        self.grow(size, Preallocation::Off).map_err(|source| match source.kind() {
            io::ErrorKind::FileTooLarge => {
                Error::While { what: "Failed to grow the L1 table".to_owned(), source }
            }
            _other => source.into(),
        })
    }

    pub(in crate::image) fn grow(
        &self,
        size: u64,
        preallocation: Preallocation,
    ) -> io::Result<()> {
        let opened = self.opened.write();
        let engine = opened.writable_engine()?;
        self.bitmaps.lock().check_size(size).map_err(io::Error::other)?;
        self.mark_written();
        engine.grow(size, preallocation)?;
        engine.flush()
    }

    pub(in crate::image) fn shrink(&self, size: u64) -> io::Result<()> {
        let opened = self.opened.write();
        let engine = opened.writable_engine()?;
        self.mark_written();
        engine.shrink(size)?;
        engine.flush()
    }
}
