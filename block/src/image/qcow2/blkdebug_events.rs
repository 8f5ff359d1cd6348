//! The events of an image on a blkdebug node.

use std::io;

use super::Qcow2Image;
use super::clusters::Clusters;
use crate::options::blkdebug::BlkdebugEvent;

impl Qcow2Image {
    /// Reports an event to the rules, if there are any.
    pub(super) fn emit(&self, event: BlkdebugEvent) {
        if let Some(rules) = &self.rules {
            rules.on_event(event);
        }
    }

    /// Reads, and reports the events of all parts of the range.
    pub(super) fn read_with_events(
        &self,
        engine: &Clusters,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        if self.rules.is_none() {
            return engine.read(offset, buffer);
        }
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let (event, known) = engine.read_event(at, rest.len() as u64)?;
            let length = known.clamp(1, rest.len() as u64);
            if let Some(event) = event {
                self.emit(event);
            }
            let (piece, others) = rest.split_at_mut(length as usize);
            engine.read(at, piece)?;
            (at, rest) = (at + length, others);
        }
        Ok(())
    }

    /// Writes, and reports the event.
    pub(super) fn write_with_events(
        &self,
        engine: &Clusters,
        offset: u64,
        buffer: &[u8],
    ) -> io::Result<()> {
        self.emit(BlkdebugEvent::WriteAio);
        engine.write(offset, buffer)
    }
}
