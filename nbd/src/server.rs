//! The server: it accepts clients and knows the exports.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::export::Export;
use crate::handshake;
use crate::reader::Reader;
use crate::shared::{ServerOptions, Shared};
use crate::socket::Acceptor;
use crate::transmission;

/// The time until the next attempt to accept a client, after an error such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An NBD server on one socket. It stops when this is dropped.
///
/// The exports and the limits apply to all of its clients. Clients are served by threads of their
/// own: an idle client occupies one, and a busy client up to 16.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
}

/// Another export of the server has the name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server has an export named '{0}' already")]
pub struct DuplicateExport(pub String);

/// How the clients of an export that is removed are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoveMode {
    /// The export is not removed while it has clients.
    Safe,
    /// The clients are disconnected.
    Hard,
}

/// Why an export was not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoveError {
    /// There is no such export.
    #[error("the server has no such export")]
    NotFound,
    /// The export has clients.
    #[error("the export has clients")]
    InUse,
}

/// An export that no client can choose any more.
#[derive(Debug)]
pub struct RemovedExport {
    _export: Arc<Export>,
}

impl Server {
    /// Starts a server on a Unix socket.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn unix(listener: UnixListener, options: ServerOptions) -> io::Result<Self> {
        Self::start(listener.into(), options)
    }

    /// Starts a server on a TCP socket.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn tcp(listener: TcpListener, options: ServerOptions) -> io::Result<Self> {
        Self::start(listener.into(), options)
    }

    fn start(acceptor: Acceptor, options: ServerOptions) -> io::Result<Self> {
        let shared = Shared::new(acceptor, options);
        let accepting = Arc::clone(&shared);
        thread::Builder::new().name("nbd-accept".into()).spawn(move || accepting.accept())?;
        Ok(Server { shared })
    }

    /// Adds an export.
    ///
    /// # Errors
    /// [`DuplicateExport`].
    pub fn add(&self, export: Export) -> Result<(), DuplicateExport> {
        let mut state = self.shared.state.lock();
        if state.exports.iter().any(|known| known.name == export.name) {
            return Err(DuplicateExport(export.name.clone()));
        }
        state.exports.push(Arc::new(export));
        Ok(())
    }

    /// Whether there is an export with this name.
    pub fn has(&self, name: &str) -> bool {
        self.shared.find(name).is_some()
    }

    /// Removes an export. When the result is dropped and the last client is gone, the function of
    /// [`Export::on_closed`] is called.
    ///
    /// # Errors
    /// [`RemoveError`].
    pub fn remove(&self, name: &str, mode: RemoveMode) -> Result<RemovedExport, RemoveError> {
        let mut state = self.shared.state.lock();
        let position = state.exports.iter().position(|export| export.name == name);
        let position = position.ok_or(RemoveError::NotFound)?;
        let export = &state.exports[position];
        let mut clients = state.connections.iter().filter(|client| client.uses(export));
        match mode {
            // A client that has left is not waited for until its thread has noticed.
            RemoveMode::Safe if clients.any(|client| !client.has_hung_up()) => {
                return Err(RemoveError::InUse);
            }
            RemoveMode::Safe => {}
            RemoveMode::Hard => clients.for_each(|client| client.shut_down()),
        }
        Ok(RemovedExport { _export: state.exports.remove(position) })
    }

    /// Stops accepting clients, disconnects all clients and removes all exports. The requests in
    /// flight run to their ends on their threads.
    pub fn stop(&self) {
        let mut state = self.shared.state.lock();
        state.stopped = true;
        let exports = std::mem::take(&mut state.exports);
        state.connections.iter().for_each(|connection| connection.shut_down());
        self.shared.changed.notify_all();
        drop(state);
        if let Err(error) = self.shared.acceptor.shut_down() {
            tracing::debug!(%error, "an NBD socket cannot be shut down");
        }
        drop(exports);
    }

    /// Waits until the last client is gone. Then the exports that [`Server::stop`] removed are
    /// closed.
    pub fn wait_for_clients(&self) {
        let mut state = self.shared.state.lock();
        while !state.connections.is_empty() {
            self.shared.changed.wait(&mut state);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// Accepts clients until the server stops.
    fn accept(self: Arc<Self>) {
        while self.wait_for_place() {
            match self.acceptor.accept() {
                Ok(socket) => self.serve(Arc::new(Connection::new(socket))),
                Err(error) => self.pause(&error),
            }
        }
    }

    /// Waits until another client may connect. Returns false once the server stops.
    fn wait_for_place(&self) -> bool {
        let most = match self.options.max_connections {
            0 => usize::MAX,
            most => most as usize,
        };
        let mut state = self.state.lock();
        while !state.stopped && state.connections.len() >= most {
            self.changed.wait(&mut state);
        }
        !state.stopped
    }

    /// Waits after a client could not be accepted.
    fn pause(&self, error: &io::Error) {
        let mut state = self.state.lock();
        if !state.stopped {
            tracing::debug!(%error, "a client of NBD cannot be accepted");
            self.changed.wait_for(&mut state, ACCEPT_PAUSE);
        }
    }

    /// Serves a client on a thread of its own.
    fn serve(self: &Arc<Self>, connection: Arc<Connection>) {
        let mut state = self.state.lock();
        if state.stopped {
            return;
        }
        state.connections.push(Arc::clone(&connection));
        drop(state);
        let guard = ConnectionGuard { shared: Arc::clone(self), connection };
        let thread = thread::Builder::new().name("nbd-client".into());
        let started = thread.stack_size(self.options.stack_size).spawn(move || guard.serve());
        if let Err(error) = started {
            tracing::warn!(%error, "a client of NBD cannot be served");
        }
    }
}

/// A connection that is removed from the server when this is dropped, also by a panic.
struct ConnectionGuard {
    shared: Arc<Shared>,
    connection: Arc<Connection>,
}

impl ConnectionGuard {
    fn serve(self) {
        if let Err(error) = self.negotiate_and_serve() {
            tracing::debug!(%error, "a client of NBD is disconnected");
        }
    }

    fn negotiate_and_serve(&self) -> io::Result<()> {
        let timeout = self.shared.options.handshake_timeout;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut reader = Reader::new(Arc::clone(&self.connection), deadline);
        let negotiated = handshake::negotiate(&mut reader, &self.shared)?;
        let Some(negotiated) = negotiated else { return Ok(()) };
        reader.end_deadline()?;
        transmission::serve(reader, &self.shared, negotiated)
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.connection.shut_down();
        // Before the connection is removed, so that exports are closed when no client is left.
        drop(self.connection.release_export());
        self.shared.forget(&self.connection);
    }
}
