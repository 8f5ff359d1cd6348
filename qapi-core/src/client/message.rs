//! The messages of a client: the requests that it sends, the replies and events that it receives.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::error::{ClientError, Result};
use crate::error::{Error, ErrorClass};
use crate::types::QapiEvent;
use crate::types::command::{QapiCommand, Returned};
use crate::visitor::object::ObjectVisitor;
use crate::wire::document::Document;
use crate::wire::number::Number;
use crate::wire::value::Value;

/// One message of a server, after the greeting.
#[derive(Debug)]
pub(super) enum Message {
    Reply(Reply),
    Event(Event),
}

/// The reply to a command.
#[derive(Debug)]
pub(super) struct Reply {
    /// The id of the command; `None` where the server could not parse the request.
    pub(super) id: Option<i64>,
    message: Document,
}

impl Message {
    pub(super) fn new(message: Document) -> Result<Self> {
        let root = message.root();
        if let Some(name) = root.get("event").and_then(Value::as_str) {
            let (name, time) = (name.to_owned(), timestamp(root));
            return Ok(Self::Event(Event { name, time, message }));
        }
        if root.get("return").is_none() && root.get("error").is_none() {
            let text = "neither a reply nor an event";
            return Err(ClientError::Unexpected(text.to_owned()));
        }
        let id = root.get("id").and_then(integer);
        Ok(Self::Reply(Reply { id, message }))
    }
}

impl Reply {
    /// The return value of the command, or its error.
    pub(super) fn read<R: Returned>(&self) -> Result<R> {
        let root = self.message.root();
        match (root.get("return"), root.get("error")) {
            (Some(value), _) => R::read(value).map_err(unexpected),
            (None, Some(error)) => Err(ClientError::Command(error_of(error))),
            (None, None) => Err(ClientError::Unexpected("an empty reply".to_owned())),
        }
    }
}

/// An event that a server sent.
#[derive(Debug)]
pub struct Event {
    name: String,
    time: SystemTime,
    message: Document,
}

impl Event {
    /// The name of the event, as in `JOB_STATUS_CHANGE`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The time of the event by the server's clock; [`UNIX_EPOCH`] where the server has no clock.
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// The data of the event, if any.
    pub fn data(&self) -> Option<Value<'_>> {
        self.message.root().get("data")
    }

    /// The whole message, with name and timestamp, as the server sent it.
    pub fn to_json(&self) -> serde_json::Value {
        self.message.root().to_json()
    }

    /// The event as an `E`; `None` if the event has another name.
    ///
    /// # Errors
    /// [`ClientError::Unexpected`]: the data are not those of `E`.
    pub fn read<E: QapiEvent>(&self) -> Option<Result<E>> {
        let has_name = self.name == E::DEFINITION.name;
        has_name.then(|| {
            E::visit_members(&mut ObjectVisitor::from_server(self.data())).map_err(unexpected)
        })
    }
}

fn unexpected(error: Error) -> ClientError {
    ClientError::Unexpected(error.to_string())
}

fn integer(value: Value<'_>) -> Option<i64> {
    match value.number()? {
        Number::Int(number) => Some(number),
        Number::UInt(_) | Number::Double(_) => None,
    }
}

/// The time of an event. QEMU sends -1 if it has no clock.
fn timestamp(event: Value<'_>) -> SystemTime {
    let part = |name| {
        let value = event.get("timestamp")?.get(name).and_then(integer)?;
        u64::try_from(value).ok()
    };
    let seconds = Duration::from_secs(part("seconds").unwrap_or(0));
    let micros = Duration::from_micros(part("microseconds").unwrap_or(0));
    UNIX_EPOCH.checked_add(seconds.saturating_add(micros)).unwrap_or(UNIX_EPOCH)
}

/// The error about a message in place of the greeting.
pub(super) fn no_greeting(message: &Document) -> ClientError {
    match message.root().get("error") {
        Some(error) => ClientError::Command(error_of(error)),
        None => ClientError::Unexpected("no greeting".to_owned()),
    }
}

/// The error of a reply. An unknown class becomes `GenericError`.
fn error_of(error: Value<'_>) -> Error {
    let text = |name| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let class = text("class");
    let class = ErrorClass::ALL.iter().find(|one| one.as_str() == class);
    Error::with_class(class.copied().unwrap_or(ErrorClass::GenericError), text("desc"))
}

/// The arguments of a command as an object.
pub(super) struct Arguments<'a, C>(pub(super) &'a C);

impl<C: QapiCommand> Serialize for Arguments<'_, C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.serialize_arguments(&mut map)?;
        map.end()
    }
}

/// A command as the client sends it.
pub(super) struct Request<'a, A: ?Sized> {
    pub(super) command: &'a str,
    pub(super) arguments: Option<&'a A>,
    pub(super) id: i64,
}

impl<A: Serialize + ?Sized> Serialize for Request<'_, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("execute", self.command)?;
        if let Some(arguments) = self.arguments {
            map.serialize_entry("arguments", arguments)?;
        }
        map.serialize_entry("id", &self.id)?;
        map.end()
    }
}
