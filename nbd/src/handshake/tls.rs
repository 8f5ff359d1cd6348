//! The handshake of clients of a server with TLS: the option `STARTTLS`, and the refusal of all
//! others before it.
//!
//! Source: the NBD project's `doc/proto.md`, section "TLS support", mode "FORCEDTLS".

use std::io;

use super::reply::{OptionError, Replies};
use super::violation;
use crate::protocol::{option, option_reply};
use crate::reader::Reader;
use crate::tls::TlsOptions;

/// Answers options until the connection is encrypted. Returns false if the client ends it.
///
/// # Errors
/// The connection has failed, the client violates the protocol, or it may not connect.
pub(super) fn await_start(reader: &mut Reader, tls: &TlsOptions) -> io::Result<bool> {
    loop {
        let (option, length) = super::read_option(reader)?;
        if option == option::EXPORT_NAME {
            return Err(violation("a name of an export before TLS"));
        }
        reader.skip(u64::from(length))?;
        let mut replies = Replies::new(option);
        if option == option::STARTTLS && length == 0 {
            replies.add(option_reply::ACK, &[]);
            replies.send(reader)?;
            reader.start_tls(tls)?;
            return Ok(true);
        }
        if option == option::STARTTLS {
            replies.fail(&OptionError::unexpected_length(option));
            replies.send(reader)?;
            return Err(violation("data of the option STARTTLS"));
        }
        let text = format!("Option {option:#x} not permitted before TLS");
        replies.fail(&OptionError::new(option_reply::ERR_TLS_REQD, text));
        let sent = replies.send(reader);
        if option == option::ABORT {
            // The client may have closed the connection already.
            return Ok(false);
        }
        sent?;
    }
}
