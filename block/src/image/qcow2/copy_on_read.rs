//! Copying into an image what it shows of its backing file.

use super::Qcow2Image;
use super::engine::Engine;
use crate::image::extent::check_range;
use std::io;

impl Qcow2Image {
    /// Copies what the image shows of its backing file in the range, and does not touch what it
    /// has itself.
    ///
    /// Nobody else reads or writes the image meanwhile: what is written between reading the old
    /// contents and writing them here would be lost. So the range should be small.
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

    /// Copies a range of which the image has nothing itself. Clusters of nothing but zeroes are
    /// noted as such.
    fn copy_run(&self, engine: &Engine, start: u64, length: u64) -> io::Result<()> {
        let cluster = self.header().cluster_size();
        let mut data = vec![0; length as usize];
        self.read_with_events(engine, start, &mut data)?;
        let (mut rest, mut at) = (data.as_slice(), start);
        while !rest.is_empty() {
            let to_boundary = (cluster - at % cluster).min(rest.len() as u64);
            let (piece, others) = rest.split_at(to_boundary as usize);
            if piece.iter().all(|byte| *byte == 0) {
                self.zero(engine, at, to_boundary)?;
            } else {
                self.write_with_events(engine, at, piece)?;
            }
            rest = others;
            at += to_boundary;
        }
        Ok(())
    }
}
