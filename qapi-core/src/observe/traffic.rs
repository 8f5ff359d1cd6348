//! A log of all messages.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::redact::{Redacted, Shape};
use crate::call::session::SessionContext;
use crate::error::{Error, Result};
use crate::pattern::{NamePattern, any_matches};
use crate::schema::definition::Definition;
use crate::schema::query::{as_command, as_event};
use crate::wire::document::Document;
use crate::wire::formatter::to_vec;
use crate::wire::value::Value;

/// A log of all messages in both directions, with the target `qapi_core::traffic` and the level
/// `INFO`.
///
/// Each line has the session, the direction and the message. A log is for the search for faults:
/// it costs time for each message. Members with the word `secret` of `#[qapi(…)]` do not appear,
/// nor do members that the schema does not have, since one of them may be a misspelt secret. The
/// description of an error does not appear if the command has a secret argument.
///
/// ```
/// use qapi_core::observe::TrafficLog;
/// use qapi_core::prelude::*;
///
/// /// Sets the password of a display.
/// #[qapi_command]
/// fn set_password(
///     /// The new password.
///     #[qapi(secret)]
///     password: &str,
/// ) {
///     # let _ = password;
/// }
///
/// let server = Server::new().log_traffic(TrafficLog::new().except("query-*")?);
/// # let _ = server;
/// # Ok::<(), qapi_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TrafficLog {
    except: Vec<NamePattern>,
    length_limit: usize,
}

/// The number of bytes of a message that the log shows by default.
const DEFAULT_LENGTH_LIMIT: usize = 4 << 10;

impl Default for TrafficLog {
    fn default() -> Self {
        Self::new()
    }
}

impl TrafficLog {
    /// A log of all messages, of each the first 4 KiB.
    pub fn new() -> Self {
        Self { except: Vec::new(), length_limit: DEFAULT_LENGTH_LIMIT }
    }

    /// Leaves out the commands and events whose names match `pattern`; see [`NamePattern`].
    ///
    /// # Errors
    /// The pattern is too long.
    pub fn except(mut self, pattern: &str) -> Result<Self> {
        self.except.push(NamePattern::new(pattern)?);
        Ok(self)
    }

    /// Sets the number of bytes of a message that the log shows.
    pub fn length_limit(mut self, bytes: usize) -> Self {
        self.length_limit = bytes;
        self
    }

    /// Logs the greeting.
    pub(crate) fn greeting(&self, session: &SessionContext, text: &[u8]) {
        self.message(session, text, "", Shape::default());
    }

    /// Logs a request, or another message from a client. `definition` is that of the command, if
    /// there is one.
    pub(crate) fn request(
        &self,
        session: &SessionContext,
        message: &Document,
        definition: Option<&'static Definition>,
    ) {
        if !definition.is_some_and(|found| any_matches(&self.except, found.name)) {
            self.write(session, "in", &RequestShown { message: message.root(), definition });
        }
    }

    /// Logs that a client sent a text that is not JSON, without the text.
    pub(crate) fn malformed(&self, session: &SessionContext) {
        tracing::info!(
            target: "qapi_core::traffic",
            session = session.id(), direction = "in",
            "a message is not JSON"
        );
    }

    /// Logs a reply with a return value.
    pub(crate) fn reply(
        &self,
        session: &SessionContext,
        text: &[u8],
        definition: Option<&'static Definition>,
    ) {
        if definition.is_some_and(|found| any_matches(&self.except, found.name)) {
            return;
        }
        let returns = definition.and_then(as_command).and_then(|command| command.returns.get());
        let shape = returns.map(Shape::of_type).unwrap_or_default();
        self.message(session, text, "return", shape);
    }

    /// Logs an error reply.
    pub(crate) fn error(
        &self,
        session: &SessionContext,
        error: &Error,
        id: Option<Value<'_>>,
        definition: Option<&'static Definition>,
    ) {
        if definition.is_some_and(|found| any_matches(&self.except, found.name)) {
            return;
        }
        let is_secret = definition.is_some_and(|found| arguments(found).has_secrets());
        let desc = if is_secret { "<secret>" } else { error.desc() };
        let mut shown = serde_json::Map::new();
        shown.extend(id.map(|id| ("id".to_owned(), id.to_json())));
        let error = serde_json::json!({ "class": error.class().as_str(), "desc": desc });
        shown.insert("error".to_owned(), error);
        self.write(session, "out", &shown);
    }

    /// Logs an event that a session receives.
    pub(crate) fn event(
        &self,
        session: &SessionContext,
        text: &[u8],
        definition: &'static Definition,
    ) {
        if !any_matches(&self.except, definition.name) {
            self.message(session, text, "data", arguments(definition));
        }
    }

    /// Logs a message whose member `member` has `shape`.
    fn message(&self, session: &SessionContext, text: &[u8], member: &str, shape: Shape) {
        if !is_enabled() {
            return;
        }
        if let Ok(document) = Document::parse(text) {
            self.write(session, "out", &MessageShown { message: document.root(), member, shape });
        }
    }

    fn write(&self, session: &SessionContext, direction: &str, message: &impl Serialize) {
        if !is_enabled() {
            return;
        }
        let text = to_vec(message).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let shown =
            text.get(..text.floor_char_boundary_at(self.length_limit)).unwrap_or_default();
        let omitted_bytes = Some(text.len() - shown.len()).filter(|bytes| *bytes > 0);
        tracing::info!(
            target: "qapi_core::traffic",
            session = session.id(), direction, omitted_bytes,
            "{shown}"
        );
    }
}

/// `str::floor_char_boundary`, which the oldest supported toolchain lacks.
trait CharBoundary {
    fn floor_char_boundary_at(&self, index: usize) -> usize;
}

impl CharBoundary for str {
    fn floor_char_boundary_at(&self, index: usize) -> usize {
        let end = index.min(self.len());
        (0..=end).rev().find(|index| self.is_char_boundary(*index)).unwrap_or(0)
    }
}

fn is_enabled() -> bool {
    tracing::enabled!(target: "qapi_core::traffic", tracing::Level::INFO)
}

/// The shape of a command's arguments or an event's data.
fn arguments(definition: &'static Definition) -> Shape {
    let is_raw = as_command(definition).is_some_and(|command| command.raw);
    let command = as_command(definition).map(|command| &command.arguments);
    let event = || as_event(definition).map(|event| &event.arguments);
    let arguments = command.or_else(event);
    arguments.map(|arguments| Shape::of_arguments(arguments, is_raw)).unwrap_or_default()
}

/// A message from a client. Only the arguments of a known command are shown.
struct RequestShown<'a> {
    message: Value<'a>,
    definition: Option<&'static Definition>,
}

impl Serialize for RequestShown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.message.entries() {
            match (name, self.definition) {
                ("execute" | "exec-oob" | "id", _) => map.serialize_entry(name, &value)?,
                ("arguments", Some(definition)) => {
                    let shape = arguments(definition);
                    map.serialize_entry(name, &Redacted { value, shape })?;
                }
                (other, _) => map.serialize_entry(other, "<not in the schema>")?,
            }
        }
        map.end()
    }
}

/// A message to a client, one of whose members contains a value of the schema.
struct MessageShown<'a> {
    message: Value<'a>,
    member: &'a str,
    shape: Shape,
}

impl Serialize for MessageShown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.message.entries() {
            if name == self.member {
                let shape = self.shape.clone();
                map.serialize_entry(name, &Redacted { value, shape })?;
            } else {
                map.serialize_entry(name, &value)?;
            }
        }
        map.end()
    }
}
