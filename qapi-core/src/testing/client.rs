//! Clients within the process, without sockets.
//!
//! [`TestServer`] runs the same [`Server`] as in production, with its states, policy, hooks and
//! end. [`TestClient`] sends text and receives JSON, for tests that compare the exact messages. The
//! stream that [`TestServer::connect`] returns also serves a typed
//! [`Client`](crate::client::Client).
//!
//! Client and server run on the runtime of the test. Under a paused clock
//! (`#[tokio::test(start_paused = true)]`) tokio advances the time as soon as every task waits. A
//! command that sleeps for ten seconds then replies at once, and a wait that never ends fails at
//! once instead of after 30 seconds.
//!
//! ```standalone_crate
//! use qapi_core::prelude::*;
//! use qapi_core::testing::{TestClient, TestServer};
//! use serde_json::json;
//!
//! /// A bell has rung.
//! #[qapi_event]
//! struct BellRung {
//!     times: i64,
//! }
//!
//! /// Rings a bell.
//! #[qapi_command]
//! async fn ring(#[qapi(state)] events: &Events, times: i64) {
//!     tokio::time::sleep(std::time::Duration::from_secs(10)).await;
//!     events.emit(&BellRung { times });
//! }
//!
//! /// The server of the program. Its `main` adds a listener.
//! fn server() -> Server {
//!     Server::new()
//! }
//!
//! # fn main() {
//! # let runtime = tokio::runtime::Builder::new_current_thread();
//! # let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
//! # runtime.block_on(async {
//! let server = TestServer::start(server());
//! let mut client = TestClient::negotiated(&server).await;
//! let reply = client.ask("{'execute': 'ring', 'arguments': {'times': 3}}").await;
//! assert_eq!(reply, json!({ "return": {} }));
//! assert_eq!(client.event("BELL_RUNG").await, json!({ "times": 3 }));
//! server.stop().await.unwrap();
//! # });
//! # }
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::task::JoinHandle;

use crate::server::{Connector, Listener, ServeError, Server, in_process};
use crate::service::Service;
use crate::service::shutdown::Shutdown;

/// How long a test waits for the server before it fails. A test that passes never waits so long.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Starts a session of `service` within the process, and returns the client's end of the
/// connection. The first message on it is the greeting. The shutdown hooks and the limits of a
/// [`Server`] are absent; [`TestServer`] has them.
///
/// # Panics
/// There is no tokio runtime.
pub fn connect(service: &Arc<Service>) -> DuplexStream {
    in_process::connect(service)
}

/// Something that a [`TestClient`] connects to.
pub trait Connect {
    /// Connects a client, and returns the client's end of the connection.
    fn connect(&self) -> DuplexStream;
}

impl Connect for Arc<Service> {
    fn connect(&self) -> DuplexStream {
        connect(self)
    }
}

impl Connect for Connector {
    fn connect(&self) -> DuplexStream {
        Self::connect(self)
    }
}

impl Connect for TestServer {
    fn connect(&self) -> DuplexStream {
        self.connector.connect()
    }
}

/// A [`Server`] that runs within a test, as it runs in production. It has a listener for clients
/// within the process besides its own listeners.
#[derive(Debug)]
pub struct TestServer {
    connector: Connector,
    shutdown: Shutdown,
    task: JoinHandle<Result<(), ServeError>>,
}

impl TestServer {
    /// Starts the server as a task of the runtime.
    ///
    /// # Panics
    /// There is no tokio runtime.
    pub fn start(server: Server) -> Self {
        let (listener, connector) = Listener::in_process();
        let shutdown = server.shutdown();
        let task = tokio::spawn(server.listen(listener).serve());
        Self { connector, shutdown, task }
    }

    /// Connects a client with the credentials of this process, and returns the client's end of the
    /// connection.
    pub fn connect(&self) -> DuplexStream {
        self.connector.connect()
    }

    /// The connector, for clients with other credentials.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// The handle that shuts the server down.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Shuts the server down, and waits for its end.
    ///
    /// # Errors
    /// The server did not start; see [`Server::run`].
    ///
    /// # Panics
    /// The server panics, or does not end.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.shutdown.request();
        self.ended().await
    }

    /// Waits until the server ends, for example after the command `quit`.
    ///
    /// # Errors
    /// The server did not start; see [`Server::run`].
    ///
    /// # Panics
    /// The server panics, or does not end.
    pub async fn ended(self) -> Result<(), ServeError> {
        in_time(self.task).await.expect("the server does not panic")
    }
}

/// A client that speaks QMP as text, and panics where a test should fail.
#[derive(Debug)]
pub struct TestClient {
    reader: BufReader<ReadHalf<DuplexStream>>,
    writer: WriteHalf<DuplexStream>,
    /// Events that arrived while the client waited for a reply.
    events: VecDeque<Value>,
}

impl TestClient {
    /// A client that has yet to read the greeting.
    ///
    /// # Panics
    /// There is no tokio runtime.
    pub fn new(server: &impl Connect) -> Self {
        let (reader, writer) = tokio::io::split(server.connect());
        Self { reader: BufReader::new(reader), writer, events: VecDeque::new() }
    }

    /// A client that has read the greeting.
    ///
    /// # Panics
    /// There is no greeting.
    pub async fn greeted(server: &impl Connect) -> Self {
        let mut client = Self::new(server);
        let greeting = client.message().await;
        assert!(greeting.as_ref().is_some_and(is_greeting), "no greeting but {greeting:?}");
        client
    }

    /// A client that has negotiated, without out-of-band execution.
    ///
    /// # Panics
    /// The negotiation fails.
    pub async fn negotiated(server: &impl Connect) -> Self {
        let mut client = Self::greeted(server).await;
        client
            .expect("{'execute': 'qmp_capabilities'}", &serde_json::json!({"return": {}}))
            .await;
        client
    }

    /// Sends `text`, which need not be well-formed.
    ///
    /// # Panics
    /// The server has closed the connection, or reads no further input.
    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        in_time(self.writer.write_all(text.as_ref())).await.expect("the server reads input");
    }

    /// Closes the direction to the server, which then sees the end of input.
    ///
    /// # Panics
    /// The server has closed the connection.
    pub async fn half_close(&mut self) {
        in_time(self.writer.shutdown()).await.expect("the connection is open");
    }

    /// The next message of any kind; `None` when the server has closed the connection.
    ///
    /// # Panics
    /// No message arrives in time, or the message is not JSON.
    pub async fn message(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read =
            in_time(self.reader.read_line(&mut line)).await.expect("the connection is open");
        (read > 0).then(|| match serde_json::from_str(&line) {
            Ok(message) => message,
            Err(error) => panic!("{line:?} is not JSON: {error}"),
        })
    }

    /// Sends `text` and waits for the next reply; events before it are queued for
    /// [`event`](Self::event).
    ///
    /// # Panics
    /// No reply arrives.
    pub async fn ask(&mut self, text: impl AsRef<[u8]>) -> Value {
        self.send(text).await;
        self.reply().await
    }

    /// The next reply; events before it are queued for [`event`](Self::event).
    ///
    /// # Panics
    /// No reply arrives.
    pub async fn reply(&mut self) -> Value {
        loop {
            let message = self.message().await.expect("a reply before the server closes");
            if message.get("event").is_none() {
                return message;
            }
            self.events.push_back(message);
        }
    }

    /// Sends `text` and checks that the next reply is `reply`.
    ///
    /// # Panics
    /// The reply is another one, or no reply arrives.
    pub async fn expect(&mut self, text: impl AsRef<[u8]>, reply: &Value) {
        let text = text.as_ref();
        let answer = self.ask(text).await;
        assert_eq!(answer, *reply, "in reply to {}", String::from_utf8_lossy(text));
    }

    /// The data of the next event, which must have the name `name`; null for an event without data.
    ///
    /// # Panics
    /// The next message is another event or a reply, or no message arrives.
    pub async fn event(&mut self, name: &str) -> Value {
        let mut event = match self.events.pop_front() {
            Some(event) => event,
            None => self.message().await.expect("an event before the server closes"),
        };
        assert_eq!(event.get("event"), Some(&Value::from(name)), "{event}");
        event.get_mut("data").map(Value::take).unwrap_or_default()
    }

    /// The text of all further messages, up to the end of the connection.
    ///
    /// # Panics
    /// The server does not close the connection.
    pub async fn rest(mut self) -> String {
        let mut rest = String::new();
        in_time(self.reader.read_to_string(&mut rest)).await.expect("the connection is open");
        rest
    }
}

fn is_greeting(message: &Value) -> bool {
    message.pointer("/QMP/version/qemu").is_some_and(Value::is_object)
}

/// Awaits `future`, and panics at the time-out.
async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(TIMEOUT, future).await.expect("the server responds in time")
}
