//! Copy-on-read: copies of data from the backing file into an image.

use std::io;

use super::Qcow2Image;
use super::clusters::Clusters;
use crate::image::aligned_buffer::AlignedBuffer;
use crate::image::extent::check_range;
use crate::image::storage::ZeroMode;

impl Qcow2Image {
    /// Copies the data of the backing file in the range into the image, except where the image has
    /// data.
    ///
    /// Blocks all other requests to the image, as a write between the read and the write of the
    /// copy would be lost. So the range should be small.
    pub(crate) fn copy_on_read(&self, offset: u64, length: u64) -> io::Result<()> {
        let opened = self.opened.write();
        let engine = opened.writable_engine()?;
        check_range(offset, length, engine.size())?;
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let (is_allocated, known) = engine.is_allocated(at, end - at)?;
            let known = known.clamp(1, end - at);
            if !is_allocated {
                self.copy_run(engine, at, known)?;
            }
            at += known;
        }
        Ok(())
    }

    /// Copies an unallocated range. Clusters of zeroes are zeroed in the tables.
    fn copy_run(&self, engine: &Clusters, start: u64, length: u64) -> io::Result<()> {
        let cluster = self.header().cluster_size();
        let mut data = AlignedBuffer::new(length as usize);
        self.read_with_events(engine, start, &mut data)?;
        let (mut rest, mut at) = (&*data, start);
        while !rest.is_empty() {
            let to_boundary = (cluster - at % cluster).min(rest.len() as u64);
            let (piece, others) = rest.split_at(to_boundary as usize);
            if piece.iter().all(|byte| *byte == 0) {
                engine.write_zeroes(at, to_boundary, ZeroMode::Allocated)?;
            } else {
                self.write_with_events(engine, at, piece)?;
            }
            rest = others;
            at += to_boundary;
        }
        Ok(())
    }
}
