//! Disk images: formats over storage, and the locks that keep others off.
//!
//! An [`Image`] is what a node of the graph does its input and output with. The formats come from
//! the library `imago`; this folder knows its traps, so that no other code has to:
//!
//! * its blocking calls are made from worker threads, never from the main loop;
//! * zeroing part of a qcow2 cluster races with writes to the rest: [`Qcow2Image`] zeroes whole
//!   clusters through the library and writes plain zeroes elsewhere;
//! * it hooks tables into an image before they are counted, which damages the image if the process
//!   dies in between: [`Qcow2Image`] puts a storage below it that counts first;
//! * it does not know all kinds of qcow2 images, and never compresses: [`Qcow2Image`] reads and
//!   writes such images itself;
//! * it takes no locks on image files: [`host_file::HostFile`] does;
//! * it does not look for holes in files: [`host_file::HostFile`] does.

pub mod blkdebug;
pub mod extent;
mod forward;
pub mod host_file;
mod imago_image;
pub mod locks;
pub mod permissions;
pub mod probe;
pub mod qcow2;
pub mod raw;
pub mod slice;
pub mod storage;
#[cfg(test)]
mod tests;
pub mod watched;

use extent::Extent;
use qcow2::Qcow2Image;
use raw::RawImage;
use std::io;
use std::sync::Arc;
use storage::Storage;

/// An open image.
///
/// All calls block and may be made from any number of threads at once.
#[derive(Debug)]
pub enum Image {
    /// The bytes as they are.
    Raw(RawImage),
    /// QEMU's own format.
    Qcow2(Arc<Qcow2Image>),
}

impl Image {
    /// The size that a guest would see, in bytes.
    ///
    /// # Errors
    /// When the storage below cannot say, or the image is closed.
    pub fn size(&self) -> io::Result<u64> {
        match self {
            Image::Raw(image) => image.size(),
            Image::Qcow2(image) => image.size(),
        }
    }

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// Beyond the end of the image, or as the storage below says.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.read(offset, buffer),
            Image::Qcow2(image) => image.read(offset, buffer),
        }
    }

    /// Writes all of `buffer` from `offset` on.
    ///
    /// # Errors
    /// Beyond the end of the image, on a read-only image, or as the storage below says.
    pub fn write(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.write(offset, buffer),
            Image::Qcow2(image) => image.write(offset, buffer),
        }
    }

    /// Writes whole clusters of the format, compressed where that makes them smaller.
    ///
    /// # Errors
    /// As [`Image::write`], or the format does not compress.
    pub fn write_compressed(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        match self {
            Image::Raw(_) => Err(io::Error::from(nix::errno::Errno::ENOTSUP)),
            Image::Qcow2(image) => image.write_compressed(offset, buffer),
        }
    }

    /// Makes the range read as zeroes, without writing them where the format or file can do so.
    ///
    /// # Errors
    /// As [`Image::write`].
    pub fn write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.write_zeroes(offset, length),
            Image::Qcow2(image) => image.write_zeroes(offset, length),
        }
    }

    /// Has the image hold itself what it shows of its backing file in the range.
    ///
    /// # Errors
    /// As [`Image::write`].
    pub fn copy_on_read(&self, offset: u64, length: u64) -> io::Result<()> {
        match self {
            // It shows nothing but its own.
            Image::Raw(_) => Ok(()),
            Image::Qcow2(image) => image.copy_on_read(offset, length),
        }
    }

    /// Makes all writes so far last, unless the image was opened not to care for that.
    ///
    /// # Errors
    /// As the storage below says.
    pub fn flush(&self) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.flush(),
            Image::Qcow2(image) => image.flush(),
        }
    }

    /// Makes the image larger; what is new reads as zeroes. Does nothing if it is as large.
    ///
    /// # Errors
    /// On a read-only image, or as the storage below says.
    pub fn grow(&self, size: u64) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.grow(size),
            Image::Qcow2(image) => image.grow(size),
        }
    }

    /// What is known about the contents from `offset` on, without reading them.
    ///
    /// The answer is for a range of 1 to `length` bytes; 0 only at the end of the image.
    ///
    /// # Errors
    /// As the storage below says.
    pub fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        match self {
            Image::Raw(image) => image.extent(offset, length),
            Image::Qcow2(image) => image.extent(offset, length),
        }
    }

    /// The image as storage for another format on top of it, or as backing file of another one.
    ///
    /// It stays the same when the image is opened in another way.
    pub fn storage(&self) -> Storage {
        match self {
            Image::Raw(image) => image.storage(),
            Image::Qcow2(image) => image.storage(),
        }
    }

    /// Flushes, and gives up everything that could write to the storage later.
    ///
    /// # Errors
    /// When the last flush fails; the image is closed all the same.
    pub fn close(&self) -> io::Result<()> {
        match self {
            Image::Raw(image) => image.flush(),
            Image::Qcow2(image) => image.close(),
        }
    }
}
