//! A qcow2 image as the storage of another image.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::Qcow2Image;
use crate::image::aligned_buffer::AlignedBuffer;
use crate::image::extent::Extent;
use crate::image::storage::{BlockStorage, ZeroMode};

/// The largest number of bytes that a read copies at a time, if clusters are not larger.
const COPY_MAX: u64 = 1 << 20;

/// The contents of a qcow2 image, for a raw node or another format above it.
///
/// The size is that of the image. Writes beyond it do not grow the image.
#[derive(Debug)]
pub(super) struct ImageStorage {
    image: Arc<Qcow2Image>,
}

impl ImageStorage {
    pub(super) fn new(image: Arc<Qcow2Image>) -> Self {
        ImageStorage { image }
    }
}

impl fmt::Display for ImageStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("qcow2 image")
    }
}

impl BlockStorage for ImageStorage {
    fn size(&self) -> io::Result<u64> {
        self.image.size()
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let size = self.image.size()?;
        // Beyond the end, a storage reads as zeroes.
        let inside = (buffer.len() as u64).min(size.saturating_sub(offset));
        let (head, tail) = buffer.split_at_mut(inside as usize);
        tail.fill(0);
        self.image.read(offset.min(size), head)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.image.write(offset, data)
    }

    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        self.image.write_zeroes(offset, length, mode)
    }

    fn sync(&self) -> io::Result<()> {
        self.image.flush()
    }

    fn write_compressed(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.image.write_compressed(offset, data)
    }

    /// The copies have the size of clusters.
    fn copy_on_read(&self, offset: u64, length: u64) -> io::Result<()> {
        let (cluster, size) = (self.image.header().cluster_size(), self.image.size()?);
        let end = offset.saturating_add(length).next_multiple_of(cluster).min(size);
        let mut at = offset - offset % cluster;
        let mut buffer = AlignedBuffer::default();
        while at < end {
            let (is_allocated, known) = self.image.is_allocated(at, end - at)?;
            // A copy blocks the other requests to the image, so that it is made in pieces.
            let piece = known.clamp(1, (end - at).min(COPY_MAX.max(cluster)));
            if !is_allocated {
                self.image.copy_on_read(at, piece, &mut buffer)?;
            }
            at += piece;
        }
        Ok(())
    }

    fn cluster_size(&self) -> Option<u64> {
        Some(self.image.header().cluster_size())
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        Ok(Extent { allocated: true, ..self.image.extent(offset, length)? })
    }
}
