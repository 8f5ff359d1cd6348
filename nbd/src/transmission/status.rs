//! The status of ranges.

use std::io;

use super::reply::Position;
use super::request::{Refusal, Request};
use super::session::Session;
use crate::disk::Extent;
use crate::handshake::{Context, ReplyForm, violation};
use crate::protocol::{chunk, command_flag};
use crate::reader::Reader;

/// The largest number of ranges in the reply for one context: QEMU's limit.
const RANGES_MAX: usize = (2 << 20) / 8;
/// The largest payload of a request that selects contexts, in bytes.
const SELECTION_MAX: u64 = 64 << 10;
const HOLE: u64 = 1 << 0;
const ZERO: u64 = 1 << 1;
const DIRTY: u64 = 1 << 0;

/// A length in bytes, and flags or a depth.
type Range = (u64, u64);

/// Reads the payload of a request.
///
/// # Errors
/// The connection has failed, or the payload is larger than any selection of contexts.
pub(super) fn read_payload(reader: &mut Reader, length: u64) -> io::Result<Vec<u8>> {
    if length > SELECTION_MAX {
        return Err(violation("too large a payload"));
    }
    let mut payload = vec![0; length as usize];
    reader.fill(&mut payload)?;
    Ok(payload)
}

impl Session<'_> {
    /// Sends the status of a range, a chunk for each context.
    ///
    /// # Errors
    /// The connection has failed.
    pub(super) fn block_status(
        &self,
        request: &Request,
        payload: Option<&[u8]>,
    ) -> io::Result<()> {
        let selected = match payload {
            None => Ok((request.length, self.contexts.clone())),
            Some(payload) => self.select(request, payload),
        };
        let (length, contexts) = match selected {
            Ok(selected) => selected,
            Err(refusal) => return self.writer.refuse(request, &refusal),
        };
        let most = if request.has(command_flag::REQ_ONE) { 1 } else { RANGES_MAX };
        for (index, context) in contexts.iter().enumerate() {
            let position =
                if index + 1 == contexts.len() { Position::Last } else { Position::Inner };
            let length = match self.form {
                // Lengths in the reply have 32 bits.
                ReplyForm::Simple | ReplyForm::Structured => length.min(u64::from(u32::MAX)),
                ReplyForm::Extended => length,
            };
            match self.ranges(*context, request.offset, length, most) {
                Ok(ranges) => self.send_ranges(request, position, *context, &ranges)?,
                Err(error) => {
                    let refusal = Refusal::io(&error, "can't get block status");
                    return self.writer.refuse(request, &refusal);
                }
            }
        }
        Ok(())
    }

    /// The length and the contexts that a payload selects.
    fn select(&self, request: &Request, payload: &[u8]) -> Result<(u64, Vec<Context>), Refusal> {
        let invalid = || Refusal::invalid("malformed payload of block status");
        let (length, numbers) = payload.split_first_chunk().ok_or_else(invalid)?;
        let length = u64::from_be_bytes(*length);
        let (numbers, rest) = numbers.as_chunks::<4>();
        if !rest.is_empty() || length == 0 {
            return Err(invalid());
        }
        self.check_range(request.offset, length)?;
        let mut contexts = Vec::new();
        for number in numbers {
            let number = u32::from_be_bytes(*number);
            let chosen = self.contexts.iter().find(|context| context.number() == number);
            match chosen {
                Some(context) if !contexts.contains(context) => contexts.push(*context),
                Some(_) | None => return Err(invalid()),
            }
        }
        if contexts.is_empty() { Err(invalid()) } else { Ok((length, contexts)) }
    }

    /// The status from `offset` on, in at most `most` ranges. Neighbours differ.
    fn ranges(
        &self,
        context: Context,
        offset: u64,
        length: u64,
        most: usize,
    ) -> io::Result<Vec<Range>> {
        let end = offset + length;
        let mut ranges: Vec<Range> = Vec::new();
        let mut at = offset;
        // A part of the status is a valid reply, so the work for one request is bounded.
        for _step in 0..RANGES_MAX {
            if at == end {
                break;
            }
            let (length, value) = self.range(context, at, end - at)?;
            let length = length.clamp(1, end - at);
            at += length;
            let count = ranges.len();
            match ranges.last_mut().filter(|last| last.1 == value) {
                Some(last) => last.0 += length,
                None if count == most => break,
                None => ranges.push((length, value)),
            }
        }
        Ok(ranges)
    }

    fn range(&self, context: Context, offset: u64, length: u64) -> io::Result<Range> {
        match context {
            Context::Allocation => {
                let Extent { length, zero, allocated } = self.disk().extent(offset, length)?;
                let hole = if allocated { 0 } else { HOLE };
                let zero = if zero { ZERO } else { 0 };
                Ok((length, hole | zero))
            }
            Context::Depth => {
                let (depth, length) = self.disk().allocation_depth(offset, length)?;
                Ok((length, u64::from(depth)))
            }
            Context::Bitmap(index) => {
                let bitmap = self.export.bitmaps.get(index as usize);
                let (is_dirty, length) = match bitmap {
                    Some(bitmap) => bitmap.ranges.dirty(offset, length),
                    None => (false, length),
                };
                Ok((length, if is_dirty { DIRTY } else { 0 }))
            }
        }
    }

    fn send_ranges(
        &self,
        request: &Request,
        position: Position,
        context: Context,
        ranges: &[Range],
    ) -> io::Result<()> {
        let mut body = context.number().to_be_bytes().to_vec();
        let kind = match self.form {
            ReplyForm::Simple | ReplyForm::Structured => {
                for (length, value) in ranges {
                    body.extend_from_slice(&(*length as u32).to_be_bytes());
                    body.extend_from_slice(&(*value as u32).to_be_bytes());
                }
                chunk::BLOCK_STATUS
            }
            ReplyForm::Extended => {
                body.extend_from_slice(&(ranges.len() as u32).to_be_bytes());
                for (length, value) in ranges {
                    body.extend_from_slice(&length.to_be_bytes());
                    body.extend_from_slice(&value.to_be_bytes());
                }
                chunk::BLOCK_STATUS_EXTENDED
            }
        };
        self.writer.chunk(request, position, kind, &body, &[])
    }
}
