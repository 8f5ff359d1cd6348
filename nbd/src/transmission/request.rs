//! Requests, and what makes the server refuse them.

use std::io;

use rustix::io::Errno;

use crate::handshake::{ReplyForm, violation};
use crate::protocol::{EXTENDED_REQUEST_MAGIC, REQUEST_MAGIC, command, command_flag, errno};
use crate::reader::Reader;

/// The header of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) flags: u16,
    pub(super) command: u16,
    /// The number that the reply repeats.
    pub(super) cookie: u64,
    pub(super) offset: u64,
    pub(super) length: u64,
    is_extended: bool,
}

/// Why a request fails: an error number of the protocol, and a text.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) number: u32,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Refusal { number: errno::INVALID, text: text.into() }
    }

    /// The error of the disk.
    pub(super) fn io(error: &io::Error, text: &str) -> Self {
        Refusal { number: number(error), text: format!("{text}: {error}") }
    }
}

/// The error number of the protocol for an error of a disk.
fn number(error: &io::Error) -> u32 {
    let known = error.raw_os_error().map(Errno::from_raw_os_error);
    match known {
        Some(Errno::PERM | Errno::ROFS) => errno::PERM,
        Some(Errno::IO) => errno::IO,
        Some(Errno::NOMEM) => errno::NO_MEMORY,
        Some(Errno::NOSPC | Errno::FBIG | Errno::DQUOT) => errno::NO_SPACE,
        Some(Errno::OVERFLOW) => errno::OVERFLOW,
        Some(Errno::NOTSUP) => errno::NOT_SUPPORTED,
        Some(Errno::SHUTDOWN) => errno::SHUTDOWN,
        Some(_other) => errno::INVALID,
        None if error.kind() == io::ErrorKind::Unsupported => errno::NOT_SUPPORTED,
        None => errno::IO,
    }
}

impl Request {
    /// Reads a request without its payload. Returns `None` if the client ends the connection.
    ///
    /// # Errors
    /// The connection has failed, or the client violates the protocol.
    pub(super) fn read(reader: &mut Reader, form: ReplyForm) -> io::Result<Option<Self>> {
        let is_extended = form == ReplyForm::Extended;
        let expected = if is_extended { EXTENDED_REQUEST_MAGIC } else { REQUEST_MAGIC };
        let magic = match reader.u32() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            magic => magic?,
        };
        if magic != expected {
            return Err(violation("a bad magic of a request"));
        }
        let [flags, command] = [reader.array()?, reader.array()?].map(u16::from_be_bytes);
        let (cookie, offset) = (reader.u64()?, reader.u64()?);
        let length = if is_extended { reader.u64()? } else { u64::from(reader.u32()?) };
        if command == command::DISCONNECT {
            return Ok(None);
        }
        Ok(Some(Request { flags, command, cookie, offset, length, is_extended }))
    }

    pub(super) fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// The length of the payload in bytes.
    pub(super) fn payload(&self) -> u64 {
        let has_payload = self.is_extended && self.has(command_flag::PAYLOAD_LEN);
        if has_payload || self.command == command::WRITE { self.length } else { 0 }
    }

    /// The flags that the request may have.
    pub(super) fn valid_flags(&self, form: ReplyForm) -> u16 {
        let payload_flag = if self.is_extended { command_flag::PAYLOAD_LEN } else { 0 };
        let own = match self.command {
            command::READ if form == ReplyForm::Simple => 0,
            command::READ => command_flag::DF,
            command::WRITE => payload_flag,
            command::WRITE_ZEROES => command_flag::NO_HOLE | command_flag::FAST_ZERO,
            command::BLOCK_STATUS => command_flag::REQ_ONE | payload_flag,
            _other => 0,
        };
        own | command_flag::FUA
    }

    /// The length of the range, or `None` if the request has no range.
    pub(super) fn range_length(&self) -> Option<u64> {
        match self.command {
            command::FLUSH => None,
            // The payload has the length of the range.
            command::BLOCK_STATUS if self.payload() > 0 => None,
            _other => Some(self.length),
        }
    }
}
