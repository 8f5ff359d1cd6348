//! The handshake: the client chooses an export, and both sides agree on the form of replies.
//!
//! Source: the NBD project's `doc/proto.md`, section "Fixed newstyle negotiation". The texts of
//! errors are QEMU's.

mod contexts;
mod reply;
mod tls;

use std::io;
use std::sync::Arc;

use crate::export::Export;
use crate::protocol::{
    GREETING_MAGIC, OPTION_MAGIC, PAYLOAD_MAX, PREFERRED_BLOCK, STRING_MAX, export_flag,
    handshake_flag, info, option, option_reply,
};
use crate::reader::Reader;
use crate::shared::Shared;
pub(crate) use contexts::Context;
use contexts::Contexts;
use reply::{OptionError, Replies};

/// The largest data of an option that the server looks at, in bytes.
const OPTION_DATA_MAX: u32 = 64 << 10;
/// The number of zeroes after the reply to the option `EXPORT_NAME`.
const ZEROES: usize = 124;

/// What both sides have agreed on.
#[derive(Debug)]
pub(crate) struct Negotiated {
    pub(crate) export: Arc<Export>,
    /// The size of the disk in bytes, as the client knows it.
    pub(crate) size: u64,
    pub(crate) replies: ReplyForm,
    /// The metadata contexts that the client has chosen.
    pub(crate) contexts: Vec<Context>,
}

/// The form of replies to requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReplyForm {
    /// A header, and the data of a read.
    #[default]
    Simple,
    /// Several chunks.
    Structured,
    /// Several chunks with 64-bit lengths, also of requests.
    Extended,
}

/// Carries out a handshake. Returns `None` if the client ends it without choosing an export.
///
/// # Errors
/// The connection has failed, or the client violates the protocol. The connection cannot be used
/// any more.
pub(crate) fn negotiate(reader: &mut Reader, shared: &Shared) -> io::Result<Option<Negotiated>> {
    let mut greeting = GREETING_MAGIC.to_be_bytes().to_vec();
    greeting.extend_from_slice(&OPTION_MAGIC.to_be_bytes());
    let flags = handshake_flag::FIXED_NEWSTYLE | handshake_flag::NO_ZEROES;
    greeting.extend_from_slice(&flags.to_be_bytes());
    reply::send(reader, &greeting)?;
    let client_flags = reader.u32()?;
    let known = u32::from(flags);
    let fixed_newstyle = u32::from(handshake_flag::FIXED_NEWSTYLE);
    if client_flags & !known != 0 || client_flags & fixed_newstyle == 0 {
        return Err(violation("unknown or missing flags of the client"));
    }
    let zeroes = client_flags & u32::from(handshake_flag::NO_ZEROES) == 0;
    if let Some(tls) = &shared.options.tls
        && !tls::await_start(reader, tls)?
    {
        return Ok(None);
    }
    let mut handshake = Handshake {
        reader,
        shared,
        form: ReplyForm::Simple,
        contexts: Contexts::default(),
        zeroes,
    };
    loop {
        match handshake.next_option()? {
            Outcome::Continue => {}
            Outcome::Abort => return Ok(None),
            Outcome::Chosen(negotiated) => return Ok(Some(negotiated)),
        }
    }
}

/// What follows after an option.
enum Outcome {
    /// The next option.
    Continue,
    /// The end of the connection.
    Abort,
    /// The transmission.
    Chosen(Negotiated),
}

struct Handshake<'a> {
    reader: &'a mut Reader,
    shared: &'a Shared,
    form: ReplyForm,
    contexts: Contexts,
    /// Whether zeroes follow the reply to `EXPORT_NAME`.
    zeroes: bool,
}

impl Handshake<'_> {
    /// Reads an option and answers it.
    fn next_option(&mut self) -> io::Result<Outcome> {
        let (option, length) = read_option(self.reader)?;
        if option == option::EXPORT_NAME {
            return self.export_name(length).map(Outcome::Chosen);
        }
        let data = if length > OPTION_DATA_MAX { None } else { Some(self.data(length)?) };
        let mut replies = Replies::new(option);
        let answered = match &data {
            None => {
                self.reader.skip(u64::from(length))?;
                Err(OptionError::too_big(option, length))
            }
            Some(data) => self.answer(option, data, &mut replies),
        };
        let outcome = match answered {
            Ok(outcome) => {
                replies.add(option_reply::ACK, &[]);
                outcome
            }
            Err(error) => {
                replies.fail(&error);
                Outcome::Continue
            }
        };
        match replies.send(self.reader) {
            // A client may close the connection right after `ABORT`.
            Err(_closed) if matches!(outcome, Outcome::Abort) => Ok(outcome),
            sent => sent.map(|()| outcome),
        }
    }

    fn data(&mut self, length: u32) -> io::Result<Vec<u8>> {
        let mut data = vec![0; length as usize];
        self.reader.fill(&mut data)?;
        Ok(data)
    }

    fn answer(
        &mut self,
        option: u32,
        data: &[u8],
        replies: &mut Replies,
    ) -> Result<Outcome, OptionError> {
        match option {
            option::ABORT => Ok(Outcome::Abort),
            option::LIST => self.list(data, replies).map(|()| Outcome::Continue),
            option::INFO => self.info(option, data, replies).map(|_chosen| Outcome::Continue),
            option::GO => self.info(option, data, replies).map(Outcome::Chosen),
            option::STARTTLS => {
                expect_empty(option, data)?;
                Err(match self.shared.options.tls {
                    Some(_) => OptionError::new(option_reply::ERR_INVALID, "TLS already enabled"),
                    None => OptionError::new(option_reply::ERR_POLICY, "TLS not configured"),
                })
            }
            option::STRUCTURED_REPLY | option::EXTENDED_HEADERS => {
                expect_empty(option, data)?;
                self.choose_form(option).map(|()| Outcome::Continue)
            }
            option::LIST_META_CONTEXT | option::SET_META_CONTEXT => {
                self.meta_contexts(option, data, replies).map(|()| Outcome::Continue)
            }
            _unknown => {
                let text = format!("Unsupported option {option} ({})", option::name(option));
                Err(OptionError::new(option_reply::ERR_UNSUPPORTED, text))
            }
        }
    }

    fn list(&self, data: &[u8], replies: &mut Replies) -> Result<(), OptionError> {
        expect_empty(option::LIST, data)?;
        for export in self.shared.exports() {
            let mut reply = (export.name.len() as u32).to_be_bytes().to_vec();
            reply.extend_from_slice(export.name.as_bytes());
            reply.extend_from_slice(export.description.as_deref().unwrap_or("").as_bytes());
            replies.add(option_reply::SERVER, &reply);
        }
        Ok(())
    }

    fn choose_form(&mut self, option: u32) -> Result<(), OptionError> {
        let (error, text) = match (self.form, option) {
            (ReplyForm::Extended, option::STRUCTURED_REPLY) => {
                let error = option_reply::ERR_EXTENDED_HEADERS_REQUIRED;
                (error, "extended headers already negotiated")
            }
            (ReplyForm::Extended, _extended) => {
                (option_reply::ERR_INVALID, "extended headers already negotiated")
            }
            (ReplyForm::Structured, option::STRUCTURED_REPLY) => {
                (option_reply::ERR_INVALID, "structured reply already negotiated")
            }
            (ReplyForm::Simple, option::STRUCTURED_REPLY) => {
                self.form = ReplyForm::Structured;
                return Ok(());
            }
            (ReplyForm::Simple | ReplyForm::Structured, _extended) => {
                self.form = ReplyForm::Extended;
                return Ok(());
            }
        };
        Err(OptionError::new(error, text))
    }

    fn meta_contexts(
        &mut self,
        option: u32,
        data: &[u8],
        replies: &mut Replies,
    ) -> Result<(), OptionError> {
        let is_choice = option == option::SET_META_CONTEXT;
        if is_choice {
            self.contexts = Contexts::default();
            if self.form == ReplyForm::Simple {
                let text = "request option 'set meta context' when structured reply is not \
                    negotiated";
                return Err(OptionError::new(option_reply::ERR_INVALID, text));
            }
        }
        let (name, queries) = contexts::parse(option, data)?;
        let export = self.find(&name)?;
        let found = contexts::find(&export, &queries, is_choice);
        for context in &found {
            // The numbers of contexts matter to a choice only.
            let number = if is_choice { context.number() } else { 0 };
            let mut reply = number.to_be_bytes().to_vec();
            reply.extend_from_slice(context.name(&export).as_bytes());
            replies.add(option_reply::META_CONTEXT, &reply);
        }
        if is_choice {
            self.contexts = Contexts { export: Some(export), chosen: found };
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<Arc<Export>, OptionError> {
        self.shared.find(name).ok_or_else(|| {
            let text = format!("export '{name}' not present");
            OptionError::new(option_reply::ERR_UNKNOWN, text)
        })
    }

    /// Tells the properties of an export, and lets the connection use it for `GO`.
    fn info(
        &mut self,
        option: u32,
        data: &[u8],
        replies: &mut Replies,
    ) -> Result<Negotiated, OptionError> {
        let mut fields = contexts::Fields::new(option, data);
        let name = fields.name()?;
        let count = fields.u16()?;
        let asked: Vec<u16> = (0..count).map(|_| fields.u16()).collect::<Result<_, _>>()?;
        fields.end()?;
        let export = self.find(&name)?;
        let size = export.disk.size().map_err(|error| {
            OptionError::new(option_reply::ERR_POLICY, format!("the disk has no size: {error}"))
        })?;
        if option == option::GO && !self.shared.choose(self.reader.connection(), &export) {
            let text = format!("export '{name}' not present");
            return Err(OptionError::new(option_reply::ERR_UNKNOWN, text));
        }
        if asked.contains(&info::NAME) {
            replies.add_info(info::NAME, export.name.as_bytes());
        }
        if let Some(description) = &export.description {
            replies.add_info(info::DESCRIPTION, description.as_bytes());
        }
        // A client that does not ask for block sizes must be able to make any request.
        let sizes = [1, PREFERRED_BLOCK, PAYLOAD_MAX];
        replies.add_info(info::BLOCK_SIZE, sizes.map(u32::to_be_bytes).as_flattened());
        let mut properties = size.to_be_bytes().to_vec();
        properties.extend_from_slice(&flags(&export, self.form).to_be_bytes());
        replies.add_info(info::EXPORT, &properties);
        Ok(self.chosen(export, size))
    }

    fn chosen(&mut self, export: Arc<Export>, size: u64) -> Negotiated {
        let contexts = std::mem::take(&mut self.contexts).for_export(&export);
        Negotiated { export, size, replies: self.form, contexts }
    }

    /// The option of old clients, which has no error reply.
    fn export_name(&mut self, length: u32) -> io::Result<Negotiated> {
        if length as usize > STRING_MAX {
            return Err(violation("too long a name of an export"));
        }
        let name = String::from_utf8(self.data(length)?);
        let export = name.ok().and_then(|name| self.shared.find(&name));
        let export = export.ok_or_else(|| violation("an unknown export"))?;
        let size = export.disk.size()?;
        if !self.shared.choose(self.reader.connection(), &export) {
            return Err(violation("an export that was removed"));
        }
        let mut reply = size.to_be_bytes().to_vec();
        reply.extend_from_slice(&flags(&export, self.form).to_be_bytes());
        if self.zeroes {
            reply.resize(reply.len() + ZEROES, 0);
        }
        reply::send(self.reader, &reply)?;
        Ok(self.chosen(export, size))
    }
}

/// The transmission flags of an export.
fn flags(export: &Export, form: ReplyForm) -> u16 {
    let mut flags = export_flag::HAS_FLAGS
        | export_flag::SEND_FLUSH
        | export_flag::SEND_FUA
        | export_flag::CAN_MULTI_CONN
        | export_flag::SEND_CACHE;
    flags |= if export.writable {
        export_flag::SEND_TRIM | export_flag::SEND_WRITE_ZEROES | export_flag::SEND_FAST_ZERO
    } else {
        export_flag::READ_ONLY
    };
    flags
        | match form {
            ReplyForm::Simple => 0,
            ReplyForm::Structured => export_flag::SEND_DF,
            ReplyForm::Extended => export_flag::SEND_DF | export_flag::BLOCK_STATUS_PAYLOAD,
        }
}

fn expect_empty(option: u32, data: &[u8]) -> Result<(), OptionError> {
    if data.is_empty() {
        return Ok(());
    }
    Err(OptionError::unexpected_length(option))
}

/// Reads the number of an option and the length of its data.
fn read_option(reader: &mut Reader) -> io::Result<(u32, u32)> {
    if reader.u64()? != OPTION_MAGIC {
        return Err(violation("a bad magic of an option"));
    }
    let (option, length) = (reader.u32()?, reader.u32()?);
    if length > PAYLOAD_MAX {
        return Err(violation("too much data of an option"));
    }
    Ok((option, length))
}

/// The error for a client that violates the protocol.
pub(crate) fn violation(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the client has sent {what}"))
}
