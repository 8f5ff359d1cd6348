//! The messages of QMP: the requests that a client sends, and the greeting, the replies and the
//! events that a server sends.
//!
//! Members of sent messages have QEMU's order, which differs from the examples of the QMP
//! specification, so that transcripts can be compared byte for byte.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::{Error, Result};
use crate::messages;
use crate::protocol::greeting::{QmpCapability, ServerVersion};
use crate::schema::definition::type_::Type;
use crate::schema::view::{MessageFormat, View};
use crate::types::{QapiEvent, QapiType};
use crate::wire::document::{CommonRequest, Document};
use crate::wire::formatter::Style;
use crate::wire::value::{Kind, Value};

/// A request as a client sent it, with unchecked arguments (QMP specification, "Issuing Commands").
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'m> {
    pub(crate) command: &'m str,
    pub(crate) arguments: Option<Value<'m>>,
    pub(crate) oob: bool,
    /// The id that the reply repeats.
    pub(crate) id: Option<Value<'m>>,
}

impl<'m> Request<'m> {
    /// Reads the envelope. Until the client has enabled out-of-band execution, `exec-oob` is an
    /// unknown member.
    pub(crate) fn parse(document: &'m Document, oob_enabled: bool) -> Result<Self> {
        match Self::of_common(document) {
            Some(request) => Ok(request),
            None => Self::of_members(document, oob_enabled),
        }
    }

    /// The request, if the decoder noted its members: a shortcut for [`parse`](Self::parse).
    #[inline]
    pub(crate) fn of_common(document: &'m Document) -> Option<Self> {
        let CommonRequest { execute: command, arguments, id } = document.common_request()?;
        let request = Self { command, arguments, oob: false, id };
        debug_assert!(
            Self::of_members(document, false).is_ok_and(|other| request.is_same(&other)),
            "the decoder noted other members than {document:?} has"
        );
        Some(request)
    }

    /// Reads the envelope member by member.
    #[inline(never)]
    fn of_members(document: &'m Document, oob_enabled: bool) -> Result<Self> {
        let message = document.root();
        if message.kind() != Kind::Object {
            return Err(messages::input_not_object());
        }
        let (mut execute, mut exec_oob, mut arguments, mut id) = (None, None, None, None);
        for (name, value) in message.entries() {
            match name {
                "execute" => execute = Some(command_name(name, value)?),
                "exec-oob" if oob_enabled => exec_oob = Some(command_name(name, value)?),
                "arguments" if value.kind() == Kind::Object => arguments = Some(value),
                "arguments" => return Err(messages::input_member_type(name, "an object")),
                "id" => id = Some(value),
                _ => return Err(messages::input_member_unexpected(name)),
            }
        }
        match (execute, exec_oob) {
            (Some(command), None) => Ok(Self { command, arguments, oob: false, id }),
            (None, Some(command)) => Ok(Self { command, arguments, oob: true, id }),
            (None, None) => Err(messages::input_lacks_execute()),
            (Some(_), Some(_)) => Err(messages::input_members_clash()),
        }
    }
}

impl Request<'_> {
    /// Whether both are the same members of one document.
    fn is_same(&self, other: &Self) -> bool {
        let key = |request: &Self| {
            let index = |value: Option<Value<'_>>| value.map(Value::index);
            let Self { command, arguments, oob, id } = request;
            (command.as_ptr(), command.len(), index(*arguments), *oob, index(*id))
        };
        key(self) == key(other)
    }
}

/// Whether a message, well-formed or not, is for execution out of band.
pub(crate) fn is_oob_request(document: &Document) -> bool {
    let message = document.root();
    message.get("exec-oob").is_some() && message.get("execute").is_none()
}

/// The id of a message, well-formed or not, which the reply repeats.
pub(crate) fn request_id(document: &Document) -> Option<Value<'_>> {
    document.root().get("id")
}

fn command_name<'m>(member: &str, value: Value<'m>) -> Result<&'m str, Error> {
    value.as_str().ok_or_else(|| messages::input_member_type(member, "a string"))
}

/// The end of every message. libvirt splits its input at this sequence.
const END: &[u8] = b"\r\n";

/// Writes the greeting that opens a session (QMP specification, "Server Greeting").
pub(crate) fn greeting(out: &mut Vec<u8>, version: &ServerVersion, format: &MessageFormat) {
    message(out, &Greeting { version, view: &format.view }, format);
}

/// Begins a success reply; the return value must follow, then [`end_return`] (QMP specification,
/// "success").
#[inline]
pub(crate) fn begin_return(out: &mut Vec<u8>, format: &MessageFormat) {
    // Each branch copies a constant number of bytes.
    if format.style.pretty {
        out.extend_from_slice(b"{\r\n    \"return\": ");
    } else {
        out.extend_from_slice(b"{\"return\": ");
    }
}

/// The format of the value between [`begin_return`] and [`end_return`].
pub(crate) fn return_format(format: &MessageFormat) -> MessageFormat {
    let MessageFormat { style, view } = *format;
    MessageFormat { style: Style { depth: style.depth + 1, ..style }, view }
}

/// Ends the reply that [`begin_return`] began. `format` is the format of the return value and the
/// id.
#[inline]
pub(crate) fn end_return(out: &mut Vec<u8>, id: Option<Value<'_>>, format: &MessageFormat) {
    let pretty = format.style.pretty;
    let id_text = id.as_ref().and_then(Value::id_text);
    if let (Some(text), false) = (id_text, pretty) {
        out.reserve(text.len() + 16);
        out.extend_from_slice(b", \"id\": ");
        out.extend_from_slice(text);
        out.extend_from_slice(b"}\r\n");
        return;
    }
    if let Some(id) = id {
        out.extend_from_slice(if pretty { b",\r\n    \"id\": " } else { b", \"id\": " });
        value(out, &id, format);
    }
    out.extend_from_slice(if pretty { b"\r\n}\r\n" } else { b"}\r\n" });
}

/// Writes an error reply (QMP specification, "error").
pub(crate) fn error(
    out: &mut Vec<u8>,
    error: &Error,
    id: Option<Value<'_>>,
    format: &MessageFormat,
) {
    message(out, &ErrorReply { error, id }, format);
}

/// Writes an event (QMP specification, "Asynchronous events").
pub(crate) fn event<E: QapiEvent>(
    out: &mut Vec<u8>,
    event: &E,
    at: SystemTime,
    format: &MessageFormat,
) {
    message(out, &EventMessage { event, at }, format);
}

struct Greeting<'a> {
    version: &'a ServerVersion,
    view: &'a View,
}

impl Serialize for Greeting<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("QMP", &GreetingBody(self))?;
        map.end()
    }
}

struct GreetingBody<'a>(&'a Greeting<'a>);

impl Serialize for GreetingBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Greeting { version, view } = self.0;
        let all = match QmpCapability::schema_type() {
            Type::Defined(definition) if view.shows(definition) => QmpCapability::ALL,
            Type::Defined(_) | Type::Builtin(_) | Type::Array(_) => &[],
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("version", version)?;
        map.serialize_entry("capabilities", all)?;
        map.end()
    }
}

struct ErrorReply<'a> {
    error: &'a Error,
    id: Option<Value<'a>>,
}

impl Serialize for ErrorReply<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        map.serialize_entry("error", &ErrorBody(self.error))?;
        map.end()
    }
}

struct ErrorBody<'a>(&'a Error);

impl Serialize for ErrorBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("class", self.0.class().as_str())?;
        map.serialize_entry("desc", shortened(self.0.desc()))?;
        map.end()
    }
}

/// The most bytes of the text of an error in a reply, with its escapes. Errors repeat names and
/// values from the request. libvirt and `qemu.qmp` accept replies of up to 10 MiB.
const MAX_ERROR_TEXT: usize = 19 << 19;

/// The text of an error, as much of it as a reply can contain.
fn shortened(text: &str) -> &str {
    // A byte takes six bytes at most.
    if text.len() <= MAX_ERROR_TEXT / 6 {
        return text;
    }
    let mut size = 0;
    let is_too_long = |(_, character): &(usize, char)| {
        size += match character {
            '"' | '\\' => 2,
            ' '..='~' => 1,
            _ => 6 * character.len_utf16(),
        };
        size > MAX_ERROR_TEXT
    };
    let end = text.char_indices().find(is_too_long).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

struct EventMessage<'a, E> {
    event: &'a E,
    at: SystemTime,
}

impl<E: QapiEvent> Serialize for EventMessage<'_, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &Timestamp(self.at))?;
        map.serialize_entry("event", E::DEFINITION.name)?;
        if E::DEFINITION.has_arguments() {
            map.serialize_entry("data", &EventData(self.event))?;
        }
        map.end()
    }
}

struct EventData<'a, E>(&'a E);

impl<E: QapiEvent> Serialize for EventData<'_, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.serialize_members(&mut map)?;
        map.end()
    }
}

struct Timestamp(SystemTime);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A time before 1970 becomes 1970, as clients cannot read negative seconds.
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("seconds", &since.as_secs())?;
        map.serialize_entry("microseconds", &since.subsec_micros())?;
        map.end()
    }
}

fn message<T: Serialize>(out: &mut Vec<u8>, body: &T, format: &MessageFormat) {
    value(out, body, format);
    out.extend_from_slice(END);
}

/// Writes a value. Only the user's own types can fail to serialise.
fn value<T: Serialize>(out: &mut Vec<u8>, body: &T, format: &MessageFormat) {
    let start = out.len();
    if let Err(error) = format.write_to(out, body) {
        tracing::error!(%error, "a message could not be written");
        out.truncate(start);
    }
}
