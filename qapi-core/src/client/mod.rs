//! A client for servers of this protocol, typed by the same definitions as they are.
//!
//! What a command returns and what an event carries are the annotated types themselves, checked
//! by the same code that checks arguments in a server, but for one thing: a server may say more
//! than the client knows. A command whose attribute has the word `client` is executed by a struct
//! of its function's name, which has the arguments' names and types too. Any other, of this
//! program or not, is called by its name, with any arguments that serialise to an object.
//!
//! ```standalone_crate
//! use qapi_core::client::Client;
//! use qapi_core::prelude::*;
//! use qapi_core::{Registry, Service, StateMap, testing};
//! use std::sync::Arc;
//!
//! /// A room of the house.
//! #[qapi_struct]
//! #[derive(Debug, PartialEq)]
//! struct Room {
//!     name: String,
//! }
//!
//! /// A door has been opened.
//! #[qapi_event]
//! #[derive(Debug, PartialEq)]
//! struct DoorOpened {
//!     room: String,
//! }
//!
//! /// Opens a door.
//! #[qapi_command(client)]
//! fn open_door(#[qapi(state)] events: &Events, room: &str) -> qapi_core::Result<Room> {
//!     if room == "cellar" {
//!         return Err("The cellar stays shut".into());
//!     }
//!     events.emit(&DoorOpened { room: room.to_owned() });
//!     Ok(Room { name: room.to_owned() })
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> qapi_core::client::Result<()> {
//! # let registry = Registry::collect().expect("no conflicts");
//! # let service = Arc::new(Service::new(registry, StateMap::default()).expect("all states"));
//! # let stream = testing::connect(&service);
//! // From another program: Client::connect_unix("/run/house.sock").await?
//! let mut client = Client::over(stream).await?;
//! let room = client.execute(&open_door { room: "kitchen" }).await?;
//! assert_eq!(room, Room { name: "kitchen".to_owned() });
//! assert_eq!(client.next::<DoorOpened>().await?, DoorOpened { room: "kitchen".to_owned() });
//!
//! let cellar = serde_json::json!({ "room": "cellar" });
//! let error = client.call_with::<Room>("open-door", &cellar).await.unwrap_err();
//! assert_eq!(error.command().unwrap().desc(), "The cellar stays shut");
//!
//! client.execute(&qapi_core::commands::control::quit {}).await?;
//! # Ok(())
//! # }
//! ```

mod error;
mod message;

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;

use serde::ser::{Serialize, SerializeMap, Serializer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

pub use error::{ClientError, Result};
pub use message::Event;
use message::{Message, Reply};

pub use crate::types::command::{QapiCommand, Returned};

use crate::types::QapiEvent;
use crate::wire::document::Document;
use crate::wire::formatter::to_vec;
use crate::wire::stream::{Decoded, Decoder};

/// How many events wait for a client that only makes calls. Each is some hundred bytes: enough
/// for a long call on a busy server, and some megabytes at most.
pub const EVENT_LIMIT: usize = 16 << 10;

/// How much is read at once.
const READ_SIZE: usize = 16 << 10;

/// One connection to a server, beyond the negotiation of capabilities; none are enabled.
///
/// Calls are made one after another; events that come meanwhile wait for
/// [`next_event`](Self::next_event). Dropping the future of a call before it is done may leave
/// half a command unsent, after which the server understands nothing more; dropping that of
/// `next_event` loses nothing.
pub struct Client {
    reader: Box<dyn AsyncRead + Unpin + Send>,
    writer: Box<dyn AsyncWrite + Unpin + Send>,
    decoder: Decoder,
    input: Vec<u8>,
    /// How much of `input` the decoder has taken.
    taken: usize,
    greeting: serde_json::Value,
    next_id: i64,
    events: VecDeque<Event>,
    lost_events: u64,
}

impl Client {
    /// Connects to the unix socket at `path` and negotiates.
    ///
    /// # Errors
    /// No server listens there, or it is no QMP server.
    pub async fn connect_unix(path: impl AsRef<Path>) -> Result<Self> {
        Self::over(UnixStream::connect(path).await?).await
    }

    /// Negotiates over a connection that is there already.
    ///
    /// # Errors
    /// The other end is no QMP server, or the connection fails.
    pub async fn over(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Result<Self> {
        let (reader, writer) = tokio::io::split(stream);
        let mut client = Self {
            reader: Box::new(reader),
            writer: Box::new(writer),
            decoder: Decoder::new(),
            input: Vec::new(),
            taken: 0,
            greeting: serde_json::Value::Null,
            next_id: 1,
            events: VecDeque::new(),
            lost_events: 0,
        };
        let first = client.receive().await?;
        let Some(greeting) = first.root().get("QMP") else {
            return Err(message::no_greeting(&first));
        };
        client.greeting = greeting.to_json();
        client.call::<()>("qmp_capabilities").await?;
        Ok(client)
    }

    /// What the server said when it was connected to: the value of the greeting's member `QMP`.
    pub fn greeting(&self) -> &serde_json::Value {
        &self.greeting
    }

    /// Executes a command with its arguments.
    ///
    /// # Errors
    /// The command failed, or the connection did.
    pub async fn execute<C: QapiCommand>(&mut self, command: &C) -> Result<C::Return> {
        let arguments = C::DEFINITION.has_arguments().then_some(Arguments(command));
        self.request(C::DEFINITION.name, arguments.as_ref()).await
    }

    /// Executes a command that is known by name alone, without arguments.
    ///
    /// # Errors
    /// The command failed, or the connection did.
    pub async fn call<R: Returned>(&mut self, command: &str) -> Result<R> {
        self.request(command, None::<&()>).await
    }

    /// Executes a command that is known by name alone, with arguments: anything that serialises
    /// to an object.
    ///
    /// # Errors
    /// The command failed, or the connection did.
    pub async fn call_with<R: Returned>(
        &mut self,
        command: &str,
        arguments: &(impl Serialize + ?Sized),
    ) -> Result<R> {
        self.request(command, Some(arguments)).await
    }

    /// The next event, in the order in which the server sent them.
    ///
    /// # Errors
    /// The connection failed or was closed.
    pub async fn next_event(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            // A reply is one to a call whose future was dropped.
            if let Message::Event(event) = Message::new(self.receive().await?)? {
                return Ok(event);
            }
        }
    }

    /// The next event of type `E`; those before it are passed over.
    ///
    /// # Errors
    /// The connection failed or was closed, or the event is not as `E` says.
    pub async fn next<E: QapiEvent>(&mut self) -> Result<E> {
        loop {
            if let Some(event) = self.next_event().await?.read() {
                return event;
            }
        }
    }

    /// How many events were dropped, the oldest first, because [`EVENT_LIMIT`] others waited.
    pub fn lost_events(&self) -> u64 {
        self.lost_events
    }

    async fn request<R: Returned>(
        &mut self,
        command: &str,
        arguments: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<R> {
        let id = self.next_id;
        self.next_id += 1;
        let request = to_vec(&Request { command, arguments, id })
            .map_err(|error| ClientError::Io(error.into()))?;
        self.writer.write_all(&request).await?;
        self.writer.flush().await?;
        self.reply_to(id).await?.read()
    }

    async fn reply_to(&mut self, id: i64) -> Result<Reply> {
        loop {
            match Message::new(self.receive().await?)? {
                Message::Event(event) => self.queue(event),
                // One without id answers what the server could not read, and one call is made at
                // a time; another id is that of a call whose future was dropped.
                Message::Reply(reply) if reply.id.is_none_or(|given| given == id) => {
                    return Ok(reply);
                }
                Message::Reply(_) => {}
            }
        }
    }

    fn queue(&mut self, event: Event) {
        if self.events.len() == EVENT_LIMIT {
            self.events.pop_front();
            self.lost_events += 1;
        }
        self.events.push_back(event);
    }

    async fn receive(&mut self) -> Result<Document> {
        loop {
            let mut rest = self.input.get(self.taken..).unwrap_or_default();
            let decoded = self.decoder.decode(&mut rest);
            self.taken = self.input.len() - rest.len();
            match decoded {
                Some(Decoded::Message(document)) => return Ok(std::mem::take(document)),
                Some(Decoded::Error(error)) => {
                    return Err(ClientError::Unexpected(error.to_string()));
                }
                None => {}
            }
            self.input.clear();
            self.taken = 0;
            self.input.reserve(READ_SIZE);
            if self.reader.read_buf(&mut self.input).await? == 0 {
                return Err(ClientError::Closed);
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("greeting", &self.greeting).finish_non_exhaustive()
    }
}

/// A command's arguments as an object.
struct Arguments<'a, C>(&'a C);

impl<C: QapiCommand> Serialize for Arguments<'_, C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.serialize_arguments(&mut map)?;
        map.end()
    }
}

/// A command on its way to the server.
struct Request<'a, A: ?Sized> {
    command: &'a str,
    arguments: Option<&'a A>,
    id: i64,
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
