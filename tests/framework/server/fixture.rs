//! A running server, and a client that sends and reads lines.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use qapi_core::{Events, Listener, Server, Shutdown};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

use crate::session::commands::Gate;
use crate::support::registry::registry_of;

/// The time-out of every wait. A passing test never reaches it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Waits for `future`, up to the time-out.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(TIMEOUT, future).await.expect("the wait exceeded its time-out")
}

/// A server with a socket in its own temporary directory.
pub(crate) struct Running {
    pub(crate) path: PathBuf,
    pub(crate) events: Events,
    pub(crate) shutdown: Shutdown,
    task: JoinHandle<Result<(), qapi_core::ServeError>>,
    directory: tempfile::TempDir,
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::start_with(|server| server)
    }

    pub(crate) fn start_with(configure: impl FnOnce(Server) -> Server) -> Self {
        Self::start_at(Arc::default(), configure)
    }

    /// Like [`start_with`](Self::start_with). The server and the test share `gate`.
    pub(crate) fn start_at(gate: Arc<Gate>, configure: impl FnOnce(Server) -> Server) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("qmp.sock");
        let server =
            configure(Server::new().registry(registry_of("main::session")).shared_state(gate))
                .listen(Listener::unix(&path).unwrap());
        let (events, shutdown) = (server.events(), server.shutdown());
        Self { path, events, shutdown, task: tokio::spawn(server.serve()), directory }
    }

    /// Waits until the server ends without a request of the fixture.
    pub(crate) async fn ended(self) -> Result<(), qapi_core::ServeError> {
        soon(self.task).await.unwrap()
    }

    /// Like [`ended`](Self::ended), and returns the directory of the socket.
    pub(crate) async fn ended_leaving_directory(self) -> tempfile::TempDir {
        soon(self.task).await.unwrap().unwrap();
        self.directory
    }
}

/// A client, on any transport.
pub(crate) struct Client {
    reader: BufReader<Box<dyn AsyncRead + Unpin>>,
    writer: Option<Box<dyn AsyncWrite + Unpin>>,
}

impl Client {
    pub(crate) async fn connect(path: &Path) -> Self {
        let mut client = Self::connect_silently(path).await;
        let greeting = client.message().await.expect("the server sends a greeting");
        assert!(greeting["QMP"]["version"]["qemu"].is_object(), "{greeting}");
        client
    }

    pub(crate) async fn connect_silently(path: &Path) -> Self {
        Self::unix(soon(UnixStream::connect(path)).await.unwrap())
    }

    pub(crate) fn unix(stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(Box::new(reader)), writer: Some(Box::new(writer)) }
    }

    pub(crate) fn tcp(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(Box::new(reader)), writer: Some(Box::new(writer)) }
    }

    /// Reads the greeting and negotiates.
    pub(crate) async fn negotiate(&mut self) {
        let greeting = self.message().await.expect("the server sends a greeting");
        assert!(greeting["QMP"]["version"]["qemu"].is_object(), "{greeting}");
        let reply = self.ask(r#"{"execute": "qmp_capabilities"}"#).await;
        assert_eq!(reply, serde_json::json!({"return": {}}));
    }

    pub(crate) async fn negotiated(path: &Path) -> Self {
        let mut client = Self::connect_silently(path).await;
        client.negotiate().await;
        client
    }

    pub(crate) async fn send(&mut self, text: &str) {
        let writer = self.writer.as_mut().expect("the writing half is open");
        soon(writer.write_all(text.as_bytes())).await.unwrap();
    }

    /// Sends `text` to a server that may have closed the connection.
    pub(super) async fn try_send(&mut self, text: &str) -> std::io::Result<()> {
        let writer = self.writer.as_mut().expect("the writing half is open");
        soon(writer.write_all(text.as_bytes())).await
    }

    /// Closes the writing half of the connection.
    pub(crate) fn half_close(&mut self) {
        self.writer = None;
    }

    /// Returns the next message, or `None` when the server has closed the connection.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        let mut line = String::new();
        match soon(self.reader.read_line(&mut line)).await {
            Ok(0) | Err(_) => None,
            Ok(_) => {
                assert!(line.ends_with("\r\n"), "{line:?}");
                Some(serde_json::from_str(&line).unwrap())
            }
        }
    }

    pub(crate) async fn ask(&mut self, text: &str) -> Value {
        self.send(text).await;
        self.message().await.expect("the server sends a reply")
    }

    /// Reads all bytes until the server closes the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = String::new();
        soon(self.reader.read_to_string(&mut rest)).await.unwrap();
        rest
    }
}
