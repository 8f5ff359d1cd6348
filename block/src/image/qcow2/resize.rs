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
            return self.shrink_in_steps(size);
        }
        self.grow_in_steps(size, Preallocation::Off)
    }

    /// As [`Image::grow_with`](crate::image::Image::grow_with).
    pub(in crate::image) fn grow(
        &self,
        size: u64,
        preallocation: Preallocation,
    ) -> io::Result<()> {
        self.grow_in_steps(size, preallocation).map_err(Error::into_io)
    }

    /// As [`Image::shrink`](crate::image::Image::shrink).
    pub(in crate::image) fn shrink(&self, size: u64) -> io::Result<()> {
        self.shrink_in_steps(size).map_err(Error::into_io)
    }

    fn grow_in_steps(&self, size: u64, preallocation: Preallocation) -> Result<()> {
        let opened = self.exclusive()?;
        let engine = opened.writable_engine()?;
        self.bitmaps.lock().check_size(size).map_err(io::Error::other)?;
        self.mark_written();
        engine.grow(size, preallocation)?;
        Ok(engine.flush()?)
    }

    fn shrink_in_steps(&self, size: u64) -> Result<()> {
        let opened = self.exclusive()?;
        let engine = opened.writable_engine()?;
        self.mark_written();
        engine.shrink(size)?;
        Ok(engine.flush()?)
    }
}
