//! Requests of an image over storage that fails on demand, which has to be told what the image
//! does.

use super::Qcow2Image;
use crate::image::blkdebug::rules::Event;
use crate::image::storage::Storage;
use imago::{FormatAccess, ShallowMapping};
use std::io;

impl Qcow2Image {
    /// Tells the storage, if it wants to know.
    pub(super) fn tell(&self, event: Event) {
        if let Some(rules) = &self.rules {
            rules.tell(event);
        }
    }

    /// Reads, and tells the storage of what is where.
    pub(super) fn read_told(
        &self,
        layer: &FormatAccess<Storage>,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        if self.rules.is_none() {
            return layer.read(buffer, offset);
        }
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let (mapping, known) = layer.get_shallow_mapping(at, rest.len() as u64)?;
            let length = known.clamp(1, rest.len() as u64);
            match mapping {
                ShallowMapping::Raw { .. } => self.tell(Event::ReadAio),
                ShallowMapping::Indirect { .. } => self.tell(Event::ReadBackingAio),
                ShallowMapping::Special { .. } => self.tell(Event::ReadCompressed),
                // Nothing is read.
                _zero_or_beyond => {}
            }
            let (piece, others) = rest.split_at_mut(length as usize);
            layer.read(piece, at)?;
            (at, rest) = (at + length, others);
        }
        Ok(())
    }

    /// Writes, and tells the storage.
    pub(super) fn write_told(
        &self,
        layer: &FormatAccess<Storage>,
        offset: u64,
        buffer: &[u8],
    ) -> io::Result<()> {
        self.tell(Event::WriteAio);
        layer.write(buffer, offset)
    }
}
