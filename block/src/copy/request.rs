//! The requests of a copy, which run on threads for blocking work.

use std::ops::Range;

use super::block_status::{Kind, Scope, StatusScan};
use super::control::Side;
use super::target::Target;
use crate::error::Error;
use crate::image::aligned_buffer::AlignedBuffer;
use crate::image::zeroes::is_zero;
use crate::nodes::Node;

/// The largest number of bytes that the requests of a copy have in memory together.
pub(super) const MEMORY_MAX: u64 = 16 << 20;

/// A range that is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) contents: Contents,
}

/// The contents of the source in the range of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// Data, perhaps with zeroes in between. The request reads the block status itself.
    Data,
    /// The source is known to be zero.
    Zero,
}

/// A failed request.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) request: Request,
    pub(super) side: Side,
    pub(super) error: Error,
}

impl Request {
    /// The end of the range.
    pub(super) fn end(&self) -> u64 {
        self.start + self.length
    }

    /// Copies the range from the source of a scan. Returns the number of bytes that were read.
    /// `buffer` grows as needed.
    pub(super) fn execute(
        &self,
        scan: &StatusScan,
        target: &Target,
        buffer: &mut AlignedBuffer,
    ) -> Result<u64, Box<Failed>> {
        let range = self.start..self.end();
        let done = match self.contents {
            Contents::Zero => clear_limited(target, range).map(|()| 0),
            Contents::Data => copy_runs(scan, target, range, buffer),
        };
        done.map_err(|(side, error)| Box::new(Failed { request: *self, side, error }))
    }
}

/// Copies a range with data and zeroes. Returns the number of bytes that were read.
fn copy_runs(
    scan: &StatusScan,
    target: &Target,
    range: Range<u64>,
    buffer: &mut AlignedBuffer,
) -> Result<u64, (Side, Error)> {
    // Onto zeroes, only the data are written. Elsewhere, whole units of work are: a part of a
    // cluster would be written twice. For data alone, the target is not asked: in a damaged image
    // the answer would be reported in place of the write.
    let is_exact = scan.scope == Scope::Full
        && !target.compresses
        && !scan.is_data(&range)
        && is_zero_on(&target.node, range.clone());
    let (mut at, mut copied) = (range.start, 0);
    while at < range.end {
        let run = match is_exact {
            true => scan.exact_run(&(at..range.end)),
            false => scan.run_at(at, range.end - at),
        };
        let end = run.end.min(range.end);
        match run.kind {
            Kind::Zero if is_exact => {}
            Kind::Zero => clear_limited(target, at..end)?,
            Kind::Data | Kind::OutOfScope => {
                copy(&scan.source, target, at..end, buffer)?;
                copied += end - at;
            }
        }
        at = end;
    }
    Ok(copied)
}

/// Copies a range of data.
fn copy(
    source: &Node,
    target: &Target,
    range: Range<u64>,
    buffer: &mut AlignedBuffer,
) -> Result<(), (Side, Error)> {
    let mut start = range.start;
    while start < range.end {
        // A unit of work may be larger than the limit on memory.
        let length = (range.end - start).min(MEMORY_MAX);
        // QEMU counts a lack of memory for the data as an error of the source.
        buffer.resize(length as usize).map_err(|error| (Side::Source, error.into()))?;
        source.read(start, buffer).map_err(|error| (Side::Source, error))?;
        let written = target.limited(|| write_sparsely(target, start, buffer));
        written.map_err(|error| (Side::Target, error))?;
        start += length;
    }
    Ok(())
}

/// As [`clear`], within the limit of concurrent writes.
fn clear_limited(target: &Target, range: Range<u64>) -> Result<(), (Side, Error)> {
    let cleared = target.limited(|| clear(&target.node, range.start, range.end - range.start));
    cleared.map_err(|error| (Side::Target, error))
}

/// Zeroes a range of the target, except where it is zero already. Blocks.
///
/// # Errors
/// As for [`Node::write_zeroes`].
pub fn clear(target: &Node, mut offset: u64, length: u64) -> Result<(), Error> {
    let end = offset + length;
    while offset < end {
        let (zero, known) = zero_status(target, offset, end - offset);
        if !zero {
            target.write_zeroes(offset, known)?;
        }
        offset += known;
    }
    Ok(())
}

/// Whether a range of the target is known to be zero.
fn is_zero_on(target: &Node, range: Range<u64>) -> bool {
    let mut at = range.start;
    while at < range.end {
        let (zero, known) = zero_status(target, at, range.end - at);
        if !zero {
            return false;
        }
        at += known;
    }
    true
}

/// Whether the target is known to be zero at an offset, and the number of bytes with this status.
fn zero_status(target: &Node, offset: u64, most: u64) -> (bool, u64) {
    match target.block_status(offset, most) {
        Ok(extent) if extent.length > 0 => {
            // The backing file of an unallocated range may be attached later.
            let stays = extent.allocated || !target.names_backing();
            (extent.zero && stays, extent.length)
        }
        Ok(_) | Err(_) => (false, most),
    }
}

/// Writes data, with zeroed units as requests for zeroes.
fn write_sparsely(target: &Target, start: u64, data: &[u8]) -> Result<(), Error> {
    let node = &target.node;
    let mut units = data.chunks(target.unit as usize).peekable();
    let mut done = 0;
    while let Some(first) = units.next() {
        let zero = is_zero(first);
        let mut length = first.len();
        while let Some(more) = units.next_if(|unit| is_zero(unit) == zero) {
            length += more.len();
        }
        let offset = start + done as u64;
        if zero {
            clear(node, offset, length as u64)?;
        } else if target.compresses {
            node.write_compressed(offset, &data[done..done + length])?;
        } else {
            node.write(offset, &data[done..done + length])?;
        }
        done += length;
    }
    Ok(())
}
