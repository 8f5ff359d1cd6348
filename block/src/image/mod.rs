//! Disk images: formats, the storage below them, and image locks.
//!
//! An [`Image`] does the input and output of a node. Its methods block, so that asynchronous
//! callers make them from worker threads.

pub mod aligned_buffer;
mod alignment;
pub mod blkdebug;
pub(crate) mod compress;
pub mod dirty_bitmaps;
pub mod extent;
pub(crate) mod filter;
pub mod host_file;
pub mod locks;
pub(crate) mod memory;
pub mod null;
pub mod permissions;
pub(crate) mod preallocate;
pub mod probe;
pub mod qcow2;
mod range_locks;
pub mod raw;
pub mod slice;
pub mod storage;
#[cfg(test)]
mod tests;
pub(crate) mod throttle;
pub mod watched;
pub(crate) mod zeroes;

use std::io;
use std::sync::Arc;

use aligned_buffer::AlignedBuffer;
use dirty_bitmaps::DirtyBitmaps;
use extent::Extent;
use null::NullStorage;
use qcow2::Qcow2Image;
use raw::{RawImage, RawMode};
use storage::{Preallocation, Storage, ZeroMode};

/// An open image.
///
/// All methods block, and may be called from any number of threads at once.
#[derive(Debug)]
#[non_exhaustive]
pub enum Image {
    /// The raw format: the bytes of the storage.
    Raw(RawImage),
    /// The qcow2 format.
    Qcow2(Arc<Qcow2Image>),
}

impl Image {
    /// An image without bytes, in place of one that is taken out of its node.
    pub(crate) fn empty() -> Self {
        let mode = RawMode { writable: false, no_flush: true, unmap: false };
        Image::Raw(RawImage::new(Storage::new(NullStorage::new(0)), mode))
    }

    /// The dirty bitmaps of a node with this image: with those of the image, if it has any.
    pub(crate) fn dirty_bitmaps(&self) -> Arc<DirtyBitmaps> {
        match self {
            Image::Raw(_) => Arc::default(),
            Image::Qcow2(image) => Arc::clone(image.dirty_bitmaps()),
        }
    }

    /// The size in bytes.
    ///
    /// # Errors
    /// Those of the storage below; or the image is closed.
    pub fn size(&self) -> io::Result<u64> {
        match self {
            Image::Raw(image) => image.size(),
            Image::Qcow2(image) => image.size(),
        }
    }

    /// Reads from `offset` until `buffer` is full.
    ///
    /// # Errors
    /// The range is not within the image; or those of the storage below.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.read(offset, buffer),
            Image::Qcow2(image) => image.read(offset, buffer),
        }
    }

    /// Writes all of `buffer` at `offset`.
    ///
    /// # Errors
    /// The range is not within the image; the image is read-only; or those of the storage below.
    pub fn write(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.write(offset, buffer),
            Image::Qcow2(image) => image.write(offset, buffer),
        }
    }

    /// Writes whole clusters, compressed if that makes them smaller.
    ///
    /// # Errors
    /// As for [`Image::write`]; or the format has no compression.
    pub fn write_compressed(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.write_compressed(offset, buffer),
            Image::Qcow2(image) => image.write_compressed(offset, buffer),
        }
    }

    /// Makes the range read as zeroes, without writing data if the format or the file can do so.
    ///
    /// # Errors
    /// As for [`Image::write`].
    pub fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.write_zeroes(offset, length, mode),
            Image::Qcow2(image) => image.write_zeroes(offset, length, mode),
        }
    }

    /// Copies the data of the backing file in the range into the image, where the image has none.
    /// `buffer` receives the data, and grows as needed.
    ///
    /// # Errors
    /// As for [`Image::write`].
    pub fn copy_on_read(
        &self,
        offset: u64,
        length: u64,
        buffer: &mut AlignedBuffer,
    ) -> io::Result<()> {
        match self {
            // A raw image has no backing file, but may pass requests on to an image with one.
            Image::Raw(image) => image.copy_on_read(offset, length),
            Image::Qcow2(image) => image.copy_on_read(offset, length, buffer),
        }
    }

    /// Flushes all completed writes to the disk, or to the page cache with `no_flush`.
    ///
    /// # Errors
    /// Those of the storage below.
    pub fn flush(&self) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.flush(),
            Image::Qcow2(image) => image.flush(),
        }
    }

    /// Grows the image to `size` bytes. New bytes read as zeroes. Without effect if the image is as
    /// large already.
    ///
    /// # Errors
    /// The image is read-only; or those of the storage below.
    pub fn grow(&self, size: u64) -> io::Result<()> {
        self.grow_with(size, Preallocation::Off)
    }

    /// As [`Image::grow`], with preallocation of the new bytes: `PreallocMode` of QAPI. A raw image
    /// has no metadata to preallocate.
    ///
    /// # Errors
    /// As for [`Image::grow`]; or [`io::ErrorKind::Unsupported`] for a preallocation that the
    /// format or the storage does not have.
    pub fn grow_with(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.grow(size, preallocation),
            Image::Qcow2(image) => image.grow(size, preallocation),
        }
    }

    /// Shrinks the image to `size` bytes. Without effect if the image is as small already.
    ///
    /// # Errors
    /// The image is read-only; the format cannot shrink; or those of the storage below.
    pub fn shrink(&self, size: u64) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.shrink(size),
            Image::Qcow2(image) => image.shrink(size),
        }
    }

    /// Declares that a range is no longer in use, so that its space can be freed. The range reads
    /// as zeroes afterwards, as far as it consists of whole clusters.
    ///
    /// # Errors
    /// As for [`Image::write`].
    pub fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.discard(offset, length),
            Image::Qcow2(image) => image.discard(offset, length),
        }
    }

    /// The block status from `offset` on.
    ///
    /// The result is for 1 to `length` bytes, or for 0 bytes at the end of the image.
    ///
    /// # Errors
    /// Those of the storage below.
    pub fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        match self {
            Image::Raw(image) => image.extent(offset, length),
            Image::Qcow2(image) => image.extent(offset, length),
        }
    }

    /// Whether the image itself determines the contents at an offset, rather than its backing file,
    /// and the number of bytes to which this applies.
    pub(crate) fn is_allocated(&self, offset: u64, length: u64) -> io::Result<(bool, u64)> {
        match self {
            // All bytes of a raw image are allocated.
            Image::Raw(image) => Ok((true, length.min(image.size()?.saturating_sub(offset)))),
            Image::Qcow2(image) => image.is_allocated(offset, length),
        }
    }

    /// The image as storage of another format, or as backing file of another image.
    ///
    /// The handle stays valid when the image is reopened.
    pub fn storage(&self) -> Storage {
        match self {
            Image::Raw(image) => image.storage(),
            Image::Qcow2(image) => image.storage(),
        }
    }

    /// Flushes the image, and drops all state that could write to the storage later.
    ///
    /// # Errors
    /// The flush failed. The image is closed nevertheless.
    pub fn close(&self) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.flush(),
            Image::Qcow2(image) => image.close(),
        }
    }
}
