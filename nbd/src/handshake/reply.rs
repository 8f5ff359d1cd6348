//! Replies to options.

use std::io::{self, IoSlice};

use crate::protocol::{OPTION_REPLY_MAGIC, option, option_reply};
use crate::reader::Reader;

/// Why an option is refused.
#[derive(Debug)]
pub(super) struct OptionError {
    /// The type of the reply.
    number: u32,
    text: String,
}

impl OptionError {
    pub(super) fn new(number: u32, text: impl Into<String>) -> Self {
        OptionError { number, text: text.into() }
    }

    /// An option has data and needs none.
    pub(super) fn unexpected_length(option: u32) -> Self {
        let text = format!("option '{}' has unexpected length", option::name(option));
        OptionError::new(option_reply::ERR_INVALID, text)
    }

    /// An option has more data than any client needs.
    pub(super) fn too_big(option: u32, length: u32) -> Self {
        match option {
            option::ABORT | option::LIST | option::STARTTLS | option::STRUCTURED_REPLY => {
                OptionError::unexpected_length(option)
            }
            _other => {
                let text = format!("option '{}' has {length} bytes", option::name(option));
                OptionError::new(option_reply::ERR_TOO_BIG, text)
            }
        }
    }
}

/// The replies to one option, which are sent together.
pub(super) struct Replies {
    option: u32,
    bytes: Vec<u8>,
}

impl Replies {
    pub(super) fn new(option: u32) -> Self {
        Replies { option, bytes: Vec::new() }
    }

    /// Adds a reply.
    pub(super) fn add(&mut self, number: u32, data: &[u8]) {
        self.bytes.extend_from_slice(&OPTION_REPLY_MAGIC.to_be_bytes());
        for field in [self.option, number, data.len() as u32] {
            self.bytes.extend_from_slice(&field.to_be_bytes());
        }
        self.bytes.extend_from_slice(data);
    }

    /// Adds information about an export.
    pub(super) fn add_info(&mut self, number: u16, data: &[u8]) {
        let mut reply = number.to_be_bytes().to_vec();
        reply.extend_from_slice(data);
        self.add(option_reply::INFO, &reply);
    }

    /// Replaces all replies by an error.
    pub(super) fn fail(&mut self, error: &OptionError) {
        self.bytes.clear();
        self.add(error.number, error.text.as_bytes());
    }

    pub(super) fn send(&self, reader: &Reader) -> io::Result<()> {
        send(reader, &self.bytes)
    }
}

/// Sends bytes to the client.
pub(super) fn send(reader: &Reader, bytes: &[u8]) -> io::Result<()> {
    reader.connection().write_all(&mut [IoSlice::new(bytes)])
}
