//! Replies to requests.

use std::io::{self, IoSlice};
use std::sync::Arc;

use parking_lot::Mutex;

use super::request::{Refusal, Request};
use crate::connection::Connection;
use crate::handshake::ReplyForm;
use crate::protocol::{EXTENDED_REPLY_MAGIC, SIMPLE_REPLY_MAGIC, STRUCTURED_REPLY_MAGIC, chunk};

/// The most bytes of an error text in a reply.
const TEXT_MAX: usize = 4096;

/// Sends replies, one after the other.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Arc<Connection>,
    form: ReplyForm,
    /// Locked while a reply or chunk is sent.
    turn: Mutex<()>,
}

/// Whether further chunks follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Inner,
    Last,
}

impl Writer {
    pub(super) fn new(connection: Arc<Connection>, form: ReplyForm) -> Self {
        Writer { connection, form, turn: Mutex::new(()) }
    }

    fn send(&self, header: &[u8], data: &[u8]) -> io::Result<()> {
        let _turn = self.turn.lock();
        self.connection.write_all(&mut [IoSlice::new(header), IoSlice::new(data)])
    }

    /// Answers a request that has succeeded, without data.
    pub(super) fn done(&self, request: &Request) -> io::Result<()> {
        match self.form {
            ReplyForm::Simple | ReplyForm::Structured => self.simple(request, 0, &[]),
            ReplyForm::Extended => self.chunk(request, Position::Last, chunk::NONE, &[], &[]),
        }
    }

    /// Answers a request that has failed.
    pub(super) fn refuse(&self, request: &Request, refusal: &Refusal) -> io::Result<()> {
        if self.form == ReplyForm::Simple {
            return self.simple(request, refusal.number, &[]);
        }
        let text = &refusal.text.as_bytes()[..refusal.text.len().min(TEXT_MAX)];
        let mut body = refusal.number.to_be_bytes().to_vec();
        body.extend_from_slice(&(text.len() as u16).to_be_bytes());
        body.extend_from_slice(text);
        self.chunk(request, Position::Last, chunk::ERROR, &body, &[])
    }

    /// Sends a simple reply.
    pub(super) fn simple(&self, request: &Request, error: u32, data: &[u8]) -> io::Result<()> {
        self.send(&simple_header(request, error), data)
    }

    /// Sends a simple reply whose data come piece by piece. The output belongs to the reply until
    /// the result is dropped.
    pub(super) fn begin_simple(&self, request: &Request) -> io::Result<Pieces<'_>> {
        let turn = self.turn.lock();
        self.connection.write_all(&mut [IoSlice::new(&simple_header(request, 0))])?;
        Ok(Pieces { connection: &self.connection, _turn: turn })
    }

    /// Sends a chunk of a structured reply: a body, and data after it.
    pub(super) fn chunk(
        &self,
        request: &Request,
        position: Position,
        kind: u16,
        body: &[u8],
        data: &[u8],
    ) -> io::Result<()> {
        let mut header = self.chunk_header(request, position, kind, body.len() + data.len());
        header.extend_from_slice(body);
        self.send(&header, data)
    }

    /// Sends a chunk with data that come piece by piece, `length` bytes in all.
    pub(super) fn begin_data(&self, request: &Request, length: u64) -> io::Result<Pieces<'_>> {
        let turn = self.turn.lock();
        let length = length as usize + size_of::<u64>();
        let mut header = self.chunk_header(request, Position::Last, chunk::OFFSET_DATA, length);
        header.extend_from_slice(&request.offset.to_be_bytes());
        self.connection.write_all(&mut [IoSlice::new(&header)])?;
        Ok(Pieces { connection: &self.connection, _turn: turn })
    }

    fn chunk_header(
        &self,
        request: &Request,
        position: Position,
        kind: u16,
        length: usize,
    ) -> Vec<u8> {
        let is_extended = self.form == ReplyForm::Extended;
        let magic = if is_extended { EXTENDED_REPLY_MAGIC } else { STRUCTURED_REPLY_MAGIC };
        let flags = if position == Position::Last { chunk::FLAG_DONE } else { 0 };
        let mut header = magic.to_be_bytes().to_vec();
        header.extend_from_slice(&flags.to_be_bytes());
        header.extend_from_slice(&kind.to_be_bytes());
        header.extend_from_slice(&request.cookie.to_be_bytes());
        if is_extended {
            header.extend_from_slice(&request.offset.to_be_bytes());
            header.extend_from_slice(&(length as u64).to_be_bytes());
        } else {
            header.extend_from_slice(&(length as u32).to_be_bytes());
        }
        header
    }
}

fn simple_header(request: &Request, error: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[..4].copy_from_slice(&SIMPLE_REPLY_MAGIC.to_be_bytes());
    header[4..8].copy_from_slice(&error.to_be_bytes());
    header[8..].copy_from_slice(&request.cookie.to_be_bytes());
    header
}

/// The output, while the data of a reply are sent piece by piece.
pub(super) struct Pieces<'a> {
    connection: &'a Connection,
    _turn: parking_lot::MutexGuard<'a, ()>,
}

impl Pieces<'_> {
    pub(super) fn send(&self, piece: &[u8]) -> io::Result<()> {
        self.connection.write_all(&mut [IoSlice::new(piece)])
    }
}
