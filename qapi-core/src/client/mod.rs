//! A client for QMP servers, typed by the annotated definitions.
//!
//! [`Client::execute`] takes a struct that the word `client` of
//! [`qapi_command`](crate::qapi_command) generates. The struct has the name of the function and
//! one field for each argument. [`Client::call`] and [`Client::call_with`] execute any command by
//! its name; the arguments are any value that serialises to an object.
//!
//! # A crate of a client
//! A client need not contain the functions of the server: a command without a body
//! ([`qapi_command`](crate::qapi_command), "Declarations for clients") declares only the struct.
//! With `default-features = false` and the feature `client`, this crate has no sockets, executors
//! and threads of a server. The client uses the wire format, the schema and the traits of types,
//! and tokio with `io-util`, `net` and `time`. As in every program, the inventory contains the
//! framework's own commands.
//!
//! A [`ReconnectingClient`] connects again when the server restarts. The crate `job` has functions
//! that wait for the end of a job.
//!
//! # Types
//! Return values and events have the annotated types. The code that checks arguments in a server
//! checks them too, with one difference: the client ignores unknown members, as a newer server may
//! send more than the client knows.
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

mod compare;
mod connection;
mod declarations;
mod error;
mod guest_agent;
mod message;
mod reconnect;

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;
use std::{fmt, io};

use serde::ser::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

pub use compare::{SchemaDifference, compare_schema};
use connection::Connection;
pub use declarations::declarations;
pub use error::{ClientError, Result};
pub use message::Event;
use message::{Arguments, Message, Reply, Request};
pub use reconnect::{Received, ReconnectingClient};

pub use crate::types::command::{QapiCommand, Returned};

use crate::introspection::info::SchemaInfo;
use crate::schema::definition::Definition;
use crate::types::QapiEvent;
use crate::wire::formatter::to_vec;

/// The number of events that a client queues during calls. An event takes a few hundred bytes. The
/// queue therefore has room for a long call on a busy server and takes a few megabytes at most.
pub const EVENT_LIMIT: usize = 16 << 10;

/// The time between two attempts of [`Client::connect_unix_within`].
const CONNECT_INTERVAL: Duration = Duration::from_millis(10);

/// Whether the error of an attempt to connect means that no server listens.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// One connection to a server, after the negotiation of capabilities. No capability is enabled.
///
/// A client makes one call at a time. Events that arrive during a call are queued for
/// [`next_event`](Self::next_event), [`EVENT_LIMIT`] at most.
///
/// # Cancel safety
/// Every method may be dropped before it returns, and the client may be used again. The server may
/// execute the command of a dropped call; its reply is ignored.
pub struct Client {
    connection: Connection,
    greeting: serde_json::Value,
    next_id: i64,
    events: VecDeque<Event>,
    lost_events: u64,
    timeout: Option<Duration>,
}

impl Client {
    /// Connects to the unix socket at `path` and negotiates.
    ///
    /// # Errors
    /// No server listens at `path`, or the server is not a QMP server.
    pub async fn connect_unix(path: impl AsRef<Path>) -> Result<Self> {
        Self::over(UnixStream::connect(path).await?).await
    }

    /// Connects to the unix socket at `path` and negotiates, like
    /// [`connect_unix`](Self::connect_unix). Waits up to `limit` while no server listens there, for
    /// a client that starts together with the server, as in a test of a program.
    ///
    /// The runtime of the client must have tokio's timer.
    ///
    /// # Errors
    /// No server listens at `path` when `limit` has passed, or the server is not a QMP server.
    pub async fn connect_unix_within(path: impl AsRef<Path>, limit: Duration) -> Result<Self> {
        let end = tokio::time::Instant::now() + limit;
        loop {
            match UnixStream::connect(&path).await {
                Ok(stream) => return Self::over(stream).await,
                Err(error) if !is_absent(&error) || tokio::time::Instant::now() >= end => {
                    return Err(error.into());
                }
                Err(_) => tokio::time::sleep(CONNECT_INTERVAL).await,
            }
        }
    }

    /// Negotiates over a stream that is already connected.
    ///
    /// # Errors
    /// The other end is not a QMP server, or the connection fails.
    pub async fn over(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Result<Self> {
        let mut client = Self::new(Connection::new(stream));
        let first = client.connection.receive().await?;
        let Some(greeting) = first.root().get("QMP") else {
            return Err(message::no_greeting(&first));
        };
        client.greeting = greeting.to_json();
        client.call::<()>("qmp_capabilities").await?;
        Ok(client)
    }

    fn new(connection: Connection) -> Self {
        Self {
            connection,
            greeting: serde_json::Value::Null,
            next_id: 1,
            events: VecDeque::new(),
            lost_events: 0,
            timeout: None,
        }
    }

    /// The value of the member `QMP` in the server's greeting: its version and capabilities.
    pub fn greeting(&self) -> &serde_json::Value {
        &self.greeting
    }

    /// Limits the time of each later call; `None`, the default, means no limit. A call that takes
    /// longer fails with [`ClientError::TimedOut`], and the connection stays open.
    ///
    /// The runtime of the client must have tokio's timer.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Compares commands and events with the schema of the server, which the server returns for
    /// `query-qmp-schema`.
    ///
    /// ```no_run
    /// # use qapi_core::prelude::*;
    /// use qapi_core::client::{Client, QapiCommand, Result};
    ///
    /// /// Ejects a disk. The server is another program.
    /// #[qapi_command]
    /// pub fn disk_eject(disk: &str);
    ///
    /// # async fn example() -> Result<()> {
    /// let mut client = Client::connect_unix("/run/demo.sock").await?;
    /// client.check_schema(&[disk_eject::DEFINITION]).await?;
    /// client.execute(&disk_eject { disk: "d0" }).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ClientError::Schema`] lists all differences. The errors of [`call`](Self::call).
    pub async fn check_schema(&mut self, definitions: &[&'static Definition]) -> Result<()> {
        let served: Vec<SchemaInfo> = self.call("query-qmp-schema").await?;
        match compare_schema(definitions, &served) {
            differences if differences.is_empty() => Ok(()),
            differences => Err(ClientError::Schema(differences)),
        }
    }

    /// Executes a command, given as a struct with its arguments.
    ///
    /// # Errors
    /// The command failed, the connection failed, or the return value is not of the expected type.
    pub async fn execute<C: QapiCommand>(&mut self, command: &C) -> Result<C::Return> {
        let arguments = C::DEFINITION.has_arguments().then_some(Arguments(command));
        self.request(C::DEFINITION.name, arguments.as_ref()).await
    }

    /// Executes the command named `command` without arguments.
    ///
    /// # Errors
    /// The command failed, the connection failed, or the return value is not of the expected type.
    pub async fn call<R: Returned>(&mut self, command: &str) -> Result<R> {
        self.request(command, None::<&()>).await
    }

    /// Executes the command named `command` with `arguments`, which must serialise to an object.
    ///
    /// # Errors
    /// The command failed, the connection failed, or the return value is not of the expected type.
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
    /// The connection failed or was closed, or a message is neither a reply nor an event.
    pub async fn next_event(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            // A reply here belongs to a call whose future was dropped.
            if let Message::Event(event) = Message::new(self.connection.receive().await?)? {
                return Ok(event);
            }
        }
    }

    /// The next event of type `E`. Events of other types before it are dropped.
    ///
    /// # Errors
    /// The connection failed or was closed, or the event's data are not those of `E`.
    pub async fn next<E: QapiEvent>(&mut self) -> Result<E> {
        loop {
            if let Some(event) = self.next_event().await?.read() {
                return event;
            }
        }
    }

    /// Removes the first event for which `select` returns a value, and returns that value. The
    /// event is a queued event or one that arrives later; other events stay in the queue.
    ///
    /// # Errors
    /// The errors of [`next_event`](Self::next_event).
    pub async fn find_event<T>(
        &mut self,
        mut select: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T> {
        if let Some(found) = self.take_queued(&mut select) {
            return Ok(found);
        }
        loop {
            if let Message::Event(event) = Message::new(self.connection.receive().await?)? {
                match select(&event) {
                    Some(found) => return Ok(found),
                    None => self.queue(event),
                }
            }
        }
    }

    /// Removes the first queued event for which `select` returns a value, and returns that value.
    pub fn take_queued<T>(&mut self, select: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        let (index, found) = self
            .events
            .iter()
            .map(select)
            .enumerate()
            .find_map(|(index, found)| Some((index, found?)))?;
        self.events.remove(index);
        Some(found)
    }

    /// The number of events that were dropped because the queue contained [`EVENT_LIMIT`] events.
    /// The oldest event is dropped first.
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
        let timeout = self.timeout;
        let call = async {
            self.connection.send(request).await?;
            self.reply_to(id).await
        };
        let reply = match timeout {
            None => call.await,
            Some(limit) => match tokio::time::timeout(limit, call).await {
                Ok(reply) => reply,
                Err(_) => Err(ClientError::TimedOut),
            },
        };
        reply?.read()
    }

    async fn reply_to(&mut self, id: i64) -> Result<Reply> {
        loop {
            match Message::new(self.connection.receive().await?)? {
                Message::Event(event) => self.queue(event),
                // A reply without an id means that the server could not parse the request. It
                // belongs to this call, as a client makes one call at a time. A reply with another
                // id belongs to a call whose future was dropped.
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
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("greeting", &self.greeting).finish_non_exhaustive()
    }
}
