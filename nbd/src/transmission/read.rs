//! Reads.

use std::io;

use super::reply::{Pieces, Position};
use super::request::{Refusal, Request};
use super::session::Session;
use crate::handshake::ReplyForm;
use crate::memory::{Buffer, PIECE_MAX};
use crate::protocol::{chunk, command_flag};

/// Reads of at most this many bytes are not searched for zeroes: the search costs more than the
/// data.
const SEARCHED_MIN: u64 = 64 << 10;

impl Session<'_> {
    /// Reads from the disk, and sends the data.
    ///
    /// # Errors
    /// The connection has failed; or the disk, after a part of the data has been sent in a form
    /// that has no place for an error. The client then sees the end of the connection.
    pub(super) fn read(&self, request: &Request, buffer: &mut Buffer) -> io::Result<()> {
        match self.form {
            ReplyForm::Simple => self.read_whole(request, buffer),
            ReplyForm::Structured | ReplyForm::Extended if request.length == 0 => {
                self.writer.chunk(request, Position::Last, chunk::NONE, &[], &[])
            }
            ReplyForm::Structured | ReplyForm::Extended if request.has(command_flag::DF) => {
                self.read_whole(request, buffer)
            }
            ReplyForm::Structured | ReplyForm::Extended => self.read_chunks(request, buffer),
        }
    }

    /// Sends the data as a whole.
    fn read_whole(&self, request: &Request, buffer: &mut Buffer) -> io::Result<()> {
        let first = buffer.up_to(request.length as usize);
        let first_length = (first.len() as u64).min(request.length);
        let first = &mut first[..first_length as usize];
        if let Err(error) = self.disk().read(request.offset, first) {
            return self.writer.refuse(request, &read_error(&error));
        }
        if first_length == request.length {
            return match self.form {
                ReplyForm::Simple => self.writer.simple(request, 0, first),
                ReplyForm::Structured | ReplyForm::Extended => {
                    let offset = request.offset.to_be_bytes();
                    let kind = chunk::OFFSET_DATA;
                    self.writer.chunk(request, Position::Last, kind, &offset, first)
                }
            };
        }
        let pieces = match self.form {
            ReplyForm::Simple => self.writer.begin_simple(request)?,
            ReplyForm::Structured | ReplyForm::Extended => {
                self.writer.begin_data(request, request.length)?
            }
        };
        pieces.send(first)?;
        self.read_rest(request, &pieces, first_length, buffer)
    }

    /// Sends the data from a position in the request on.
    fn read_rest(
        &self,
        request: &Request,
        pieces: &Pieces<'_>,
        mut sent: u64,
        buffer: &mut Buffer,
    ) -> io::Result<()> {
        while sent < request.length {
            let piece = buffer.up_to((request.length - sent).min(PIECE_MAX as u64) as usize);
            self.disk().read(request.offset + sent, piece)?;
            pieces.send(piece)?;
            sent += piece.len() as u64;
        }
        Ok(())
    }

    /// Sends the data in chunks, with holes for zeroes.
    fn read_chunks(&self, request: &Request, buffer: &mut Buffer) -> io::Result<()> {
        let end = request.offset + request.length;
        let mut offset = request.offset;
        while offset < end {
            match self.next_chunk(request, offset, end, buffer) {
                Ok(Chunk::Hole(length)) => {
                    let mut body = offset.to_be_bytes().to_vec();
                    body.extend_from_slice(&(length as u32).to_be_bytes());
                    offset += length;
                    let position = position(offset, end);
                    self.writer.chunk(request, position, chunk::OFFSET_HOLE, &body, &[])?;
                }
                Ok(Chunk::Data(data)) => {
                    let body = offset.to_be_bytes();
                    offset += data.len() as u64;
                    let position = position(offset, end);
                    self.writer.chunk(request, position, chunk::OFFSET_DATA, &body, data)?;
                }
                Err(error) => return self.writer.refuse(request, &read_error(&error)),
            }
        }
        Ok(())
    }

    fn next_chunk<'b>(
        &self,
        request: &Request,
        offset: u64,
        end: u64,
        buffer: &'b mut Buffer,
    ) -> io::Result<Chunk<'b>> {
        let mut length = end - offset;
        if request.length > SEARCHED_MIN {
            let extent = self.disk().extent(offset, length)?;
            length = extent.length.clamp(1, length);
            if extent.zero {
                return Ok(Chunk::Hole(length));
            }
        }
        let data = buffer.up_to(length.min(PIECE_MAX as u64) as usize);
        self.disk().read(offset, data)?;
        Ok(Chunk::Data(data))
    }
}

/// A part of a reply.
enum Chunk<'b> {
    /// This number of zeroes.
    Hole(u64),
    Data(&'b [u8]),
}

fn position(offset: u64, end: u64) -> Position {
    if offset == end { Position::Last } else { Position::Inner }
}

fn read_error(error: &io::Error) -> Refusal {
    Refusal::io(error, "reading from file failed")
}
