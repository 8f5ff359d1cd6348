//! Serves sessions over unix sockets and standard input and output, on tokio.
//!
//! Everything runs on one thread, as in QEMU: sessions, the functions of commands that are not
//! `blocking`, and whatever else the daemon spawns on the same runtime. What a function does
//! before it returns therefore comes before its reply, and what it sets in motion comes after.

mod connection;
mod unix;

use std::path::Path;
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::context::States;
use crate::error::{Error, Result};
use crate::events::Events;
use crate::registry::Registry;
use crate::service::Service;
use crate::session::{PeerCredentials, Session, SessionOptions};
use crate::shutdown::Shutdown;
use crate::version::ServerVersion;
use connection::{Connection, Ended};

/// How many clients one server has at a time unless it is told otherwise. Each may leave up to
/// its output limit unread, so that this bounds the memory that clients can take.
const DEFAULT_CLIENT_LIMIT: usize = 64;

/// Where clients come from.
#[derive(Debug)]
pub struct Listener {
    transport: Transport,
    pretty: bool,
}

#[derive(Debug)]
enum Transport {
    Unix(unix::BoundSocket),
    Stdio,
}

impl Listener {
    /// Makes a unix socket at `path`, open to its owner alone, and listens at once; clients are
    /// served once the server runs. The file is removed when the server ends.
    ///
    /// # Errors
    /// The path is taken by something other than the socket of a daemon that is gone, or no
    /// socket can be made there.
    pub fn unix(path: impl AsRef<Path>) -> Result<Self> {
        let transport = Transport::Unix(unix::bind(path.as_ref())?);
        Ok(Self { transport, pretty: false })
    }

    /// One client at standard input and output. When it closes its side the server goes on.
    pub fn stdio() -> Self {
        Self { transport: Transport::Stdio, pretty: false }
    }

    /// Waits until a client has come, without letting it in: for a program that has nothing to do
    /// before.
    ///
    /// # Errors
    /// The runtime cannot watch the socket.
    pub async fn client_waiting(&self) -> Result<()> {
        match &self.transport {
            Transport::Unix(bound) => Ok(unix::client_waiting(bound).await?),
            Transport::Stdio => Ok(()),
        }
    }

    /// Lays messages out for people, on several lines.
    #[must_use]
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = pretty;
        self
    }
}

/// A QMP server in the making: its state, and where clients come from.
///
/// It serves every command that the program's crates register, unless it is told
/// [otherwise](Self::registry). See the crate's documentation for
/// a whole program.
#[derive(Debug, Default)]
pub struct Server {
    registry: Option<Registry>,
    states: States,
    listeners: Vec<Listener>,
    packages: Vec<&'static str>,
    client_limit: Option<usize>,
    output_limit: Option<usize>,
}

impl Server {
    /// A server without state of its own and without clients.
    pub fn new() -> Self {
        let mut server = Self::default();
        server.states.insert(Arc::new(Events::new()));
        server.states.insert(Arc::new(Shutdown::new()));
        server
    }

    /// Serves the commands of `registry`, instead of all that the program's crates register.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Adds state for the functions that want it injected; one value of each type.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(self, state: T) -> Self {
        self.shared_state(Arc::new(state))
    }

    /// As [`state`](Self::state), for state that the daemon keeps a share of.
    #[must_use]
    pub fn shared_state<T: Send + Sync + 'static>(mut self, state: Arc<T>) -> Self {
        self.states.insert(state);
        self
    }

    /// The version that clients are told, in the greeting and by `query-version`.
    #[must_use]
    pub fn version(self, version: ServerVersion) -> Self {
        self.state(version)
    }

    /// Refuses to start unless the crate of `package` has registered something; see
    /// [`Registry::require_packages`].
    #[must_use]
    pub fn require_package(mut self, package: &'static str) -> Self {
        self.packages.push(package);
        self
    }

    /// How many clients may be connected at a time; 64 unless said otherwise. One more is told
    /// so and disconnected.
    #[must_use]
    pub fn client_limit(mut self, clients: usize) -> Self {
        self.client_limit = Some(clients);
        self
    }

    /// How many bytes may wait for a client that does not read, before it is disconnected; 16 MiB
    /// unless said otherwise.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = Some(bytes);
        self
    }

    /// Adds a place where clients come from.
    #[must_use]
    pub fn listen(mut self, listener: Listener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Adds a unix socket; see [`Listener::unix`].
    ///
    /// # Errors
    /// Those of [`Listener::unix`].
    pub fn listen_unix(self, path: impl AsRef<Path>) -> Result<Self> {
        Ok(self.listen(Listener::unix(path)?))
    }

    /// Adds standard input and output; see [`Listener::stdio`].
    #[must_use]
    pub fn listen_stdio(self) -> Self {
        self.listen(Listener::stdio())
    }

    /// The handle that emits events to this server's clients.
    pub fn events(&self) -> Events {
        self.states.get::<Events>().cloned().unwrap_or_default()
    }

    /// The handle that ends this server.
    pub fn shutdown(&self) -> Shutdown {
        self.states.get::<Shutdown>().cloned().unwrap_or_default()
    }

    /// Serves until somebody asks for the end, on a runtime of its own.
    ///
    /// # Errors
    /// The program's definitions contradict each other, or commands want state that was not
    /// added (every fault is listed); or the runtime cannot be made.
    pub fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let result = runtime.block_on(self.serve());
        // A thread that still reads standard input must not hold up the end.
        runtime.shutdown_background();
        result
    }

    /// Serves until somebody asks for the end, on the current-thread runtime that awaits this.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn serve(self) -> Result<()> {
        let registry = self.registry.map_or_else(Registry::collect, Ok);
        let service = registry.and_then(|registry| {
            registry.require_packages(&self.packages)?;
            Service::new(registry, self.states)
        });
        let service = Arc::new(service.map_err(|error| Error::generic(error.to_string()))?);
        let front = Arc::new(Front {
            service,
            clients: Semaphore::new(self.client_limit.unwrap_or(DEFAULT_CLIENT_LIMIT)),
            output_limit: self.output_limit.unwrap_or(SessionOptions::default().output_limit),
        });
        serve_all(front, self.listeners).await
    }
}

/// What accepting clients needs.
struct Front {
    service: Arc<Service>,
    clients: Semaphore,
    output_limit: usize,
}

/// Serves all listeners, and ends when the last session has said what it had to say.
async fn serve_all(front: Arc<Front>, listeners: Vec<Listener>) -> Result<()> {
    let mut tasks = JoinSet::new();
    // The sockets' files must outlive the last session: clients see the end by them.
    let mut files = Vec::new();
    for Listener { transport, pretty } in listeners {
        let front = Arc::clone(&front);
        match transport {
            Transport::Unix(bound) => {
                let listener = UnixListener::from_std(bound.listener.try_clone()?)?;
                files.push(bound);
                tasks.spawn(accept_all(front, listener, pretty));
            }
            Transport::Stdio => {
                tasks.spawn(async move {
                    let options = front.options(None, pretty);
                    front.converse(tokio::io::stdin(), tokio::io::stdout(), &options).await;
                });
            }
        }
    }
    let events = front.service.events().clone();
    let mut background = JoinSet::new();
    background.spawn(async move { events.deliver_held().await });
    front.service.shutdown().requested().await;
    let drained = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_DEADLINE, drained).await.is_err() {
        tracing::warn!("clients that do not read were disconnected");
    }
    Ok(())
}

/// Accepts clients until the server is asked to end, then waits for their sessions.
async fn accept_all(front: Arc<Front>, listener: UnixListener, pretty: bool) {
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = front.service.shutdown().requested() => break,
            Some(_) = sessions.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                sessions.spawn(welcome(Arc::clone(&front), stream, pretty));
            }
            Err(error) => {
                // Out of descriptors, most likely. What is being served goes on, and a pause
                // lets it free some.
                tracing::warn!(%error, "a client could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
    while sessions.join_next().await.is_some() {}
}

/// How long clients may take to read their last replies when the server ends.
const DRAIN_DEADLINE: std::time::Duration = std::time::Duration::from_secs(5);

/// How long accepting rests after it failed.
const ACCEPT_RETRY: std::time::Duration = std::time::Duration::from_millis(100);

/// Serves one client, if it may be served.
async fn welcome(front: Arc<Front>, stream: UnixStream, pretty: bool) {
    let peer = match stream.peer_cred() {
        Ok(peer) => PeerCredentials { uid: peer.uid(), gid: peer.gid(), pid: peer.pid() },
        Err(error) => return tracing::warn!(%error, "a client's credentials are unknown"),
    };
    if !may_connect(peer) {
        tracing::warn!(uid = peer.uid, pid = peer.pid, "a client of another user was refused");
        return;
    }
    let options = front.options(Some(peer), pretty);
    let (reader, writer) = stream.into_split();
    front.converse(reader, writer, &options).await;
}

/// Only the user that the daemon runs as, and root, may talk to it.
fn may_connect(peer: PeerCredentials) -> bool {
    peer.uid == 0 || peer.uid == rustix::process::geteuid().as_raw()
}

impl Front {
    fn options(&self, peer: Option<PeerCredentials>, pretty: bool) -> SessionOptions {
        SessionOptions { peer, pretty, output_limit: self.output_limit }
    }

    async fn converse<R, W>(&self, reader: R, mut writer: W, options: &SessionOptions)
    where
        R: tokio::io::AsyncRead + Unpin + Send,
        W: tokio::io::AsyncWrite + Unpin + Send,
    {
        let Ok(_place) = self.clients.try_acquire() else {
            tracing::warn!("a client was refused: too many are connected");
            let _ = tokio::io::AsyncWriteExt::write_all(&mut writer, TOO_MANY_CLIENTS).await;
            return;
        };
        let session = Session::new(Arc::clone(&self.service), options);
        let id = session.context().id();
        tracing::debug!(session = id, "a client connected");
        match Connection::new(reader, writer, session).run(self.service.shutdown()).await {
            Ended::ByClient | Ended::ByServer => tracing::debug!(session = id, "session ended"),
            Ended::Overflow(error) => tracing::warn!(session = id, %error, "session closed"),
            Ended::Io(error) => tracing::debug!(session = id, %error, "connection lost"),
        }
    }
}

/// What a client is told that finds all places taken: an error in place of the greeting.
const TOO_MANY_CLIENTS: &[u8] =
    b"{\"error\": {\"class\": \"GenericError\", \"desc\": \"Too many clients are connected\"}}\r\n";
