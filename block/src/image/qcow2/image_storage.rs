//! A qcow2 image as the storage of another image.

use std::fmt;
use std::io;
use std::sync::Arc;

use imago::Storage as ImagoStorage;
use imago::io_buffers::{IoVector, IoVectorMut};
use imago::storage::drivers::CommonStorageHelper;

use super::Qcow2Image;
use crate::image::extent::Extent;
use crate::image::storage::BlockStorage;

/// The contents of a qcow2 image, for a raw node or another format above it.
///
/// The size is that of the image. Writes beyond it do not grow the image.
#[derive(Debug)]
pub(super) struct ImageStorage {
    image: Arc<Qcow2Image>,
    helper: CommonStorageHelper,
}

impl ImageStorage {
    pub(super) fn new(image: Arc<Qcow2Image>) -> Self {
        ImageStorage { image, helper: CommonStorageHelper::default() }
    }
}

impl fmt::Display for ImageStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("qcow2 image")
    }
}

impl BlockStorage for ImageStorage {
    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        Ok(Extent { allocated: true, ..self.image.extent(offset, length)? })
    }
}

impl ImagoStorage for ImageStorage {
    fn size(&self) -> io::Result<u64> {
        self.image.size()
    }

    unsafe fn pure_readv(&self, bufv: IoVectorMut<'_>, mut offset: u64) -> io::Result<()> {
        let size = self.image.size()?;
        for mut buffer in bufv.into_inner() {
            let length = buffer.len() as u64;
            // Beyond the end, a storage reads as zeroes.
            let inside = length.min(size.saturating_sub(offset));
            let (head, tail) = buffer.split_at_mut(inside as usize);
            self.image.read(offset.min(size), head)?;
            tail.fill(0);
            offset += length;
        }
        Ok(())
    }

    unsafe fn pure_writev(&self, bufv: IoVector<'_>, mut offset: u64) -> io::Result<()> {
        for buffer in bufv.into_inner() {
            self.image.write(offset, &buffer)?;
            offset += buffer.len() as u64;
        }
        Ok(())
    }

    unsafe fn pure_write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.image.write_zeroes(offset, length)
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.image.flush()
    }

    unsafe fn invalidate_cache(&self) -> io::Result<()> {
        Ok(())
    }

    fn get_storage_helper(&self) -> &CommonStorageHelper {
        &self.helper
    }
}
