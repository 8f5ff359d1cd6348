//! Accepts clients, serves each until it disconnects, and shuts down in order.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::connect::Outgoing;
use super::connection::{Connection, Disconnect};
use super::error::ServeError;
use super::executor::CallExecutor;
use super::listener::Listener;
use super::readiness::{NotifyServiceManager, ServiceState};
use super::stream::{FdPassing, Sink, Source, Stream};
use super::transport::{AsyncListener, Transport};
use crate::call::session::{PeerCredentials, SessionContext};
use crate::service::Service;
use crate::session::{Session, SessionOptions};

/// The default time for which a server that shuts down waits for calls in flight to end and for
/// clients to read their last replies.
pub(super) const DEFAULT_DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// The function that the server calls when a session is closed because its client does not read.
pub(super) struct OnOverflow(pub(super) Box<dyn Fn(&SessionContext) + Send + Sync>);

impl std::fmt::Debug for OnOverflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnOverflow")
    }
}

/// The pause of a listener after it failed to accept a client.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Sent in place of the greeting to a client beyond the limit.
const TOO_MANY_CLIENTS: &[u8] =
    b"{\"error\": {\"class\": \"GenericError\", \"desc\": \"Too many clients are connected\"}}\r\n";

/// Work between the request to shut down and the end of the sessions.
pub(super) type ShutdownHook = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Everything that accepting and serving a client needs.
pub(super) struct Acceptor {
    pub(super) service: Arc<Service>,
    pub(super) client_permits: Semaphore,
    pub(super) output_limit: usize,
    pub(super) executor: Arc<CallExecutor>,
    pub(super) drain_deadline: Duration,
    pub(super) on_overflow: Option<OnOverflow>,
    pub(super) fd_passing: FdPassing,
    pub(super) notify_service_manager: Option<NotifyServiceManager>,
}

/// Serves the clients of all listeners until the shutdown is requested and the last session is
/// closed.
///
/// # Errors
/// A listener cannot be registered with the runtime.
pub(super) async fn serve_all(
    acceptor: Arc<Acceptor>,
    listeners: Vec<Listener>,
    shutdown_hooks: Vec<ShutdownHook>,
) -> Result<(), ServeError> {
    if !shutdown_hooks.is_empty() {
        acceptor.service.shutdown().expect_hooks();
    }
    let mut tasks = JoinSet::new();
    // The files of the sockets are removed after the last session is closed, so that clients can
    // detect the end of the server by them.
    let mut sockets = Vec::new();
    for Listener { transport, pretty } in listeners {
        let acceptor = Arc::clone(&acceptor);
        match transport {
            Transport::Listening(socket) => {
                let listener = socket.async_listener()?;
                sockets.push(socket);
                tasks.spawn(accept_loop(acceptor, listener, pretty));
            }
            Transport::Connected(stream) => {
                let stream = stream.into_stream()?;
                tasks.spawn(async move { acceptor.serve(stream, pretty).await });
            }
            Transport::Connecting(outgoing) => {
                tasks.spawn(connect_loop(acceptor, outgoing, pretty));
            }
            Transport::Stdio => {
                tasks.spawn(async move {
                    let source = Source::Bytes(Box::new(tokio::io::stdin()));
                    let options = acceptor.session_options(None, pretty);
                    acceptor.run_session(source, Box::new(tokio::io::stdout()), &options).await;
                });
            }
        }
    }
    let events = acceptor.service.events().clone();
    let mut background = JoinSet::new();
    background.spawn(async move { events.run_throttle().await });
    acceptor.notify_service_manager(ServiceState::Ready);
    acceptor.service.shutdown().requested().await;
    acceptor.notify_service_manager(ServiceState::Stopping);
    for hook in shutdown_hooks {
        hook.await;
    }
    acceptor.service.shutdown().close_sessions();
    acceptor.drain(tasks).await;
    Ok(())
}

/// Accepts clients until the shutdown is requested, then waits until their sessions are closed.
async fn accept_loop(acceptor: Arc<Acceptor>, listener: AsyncListener, pretty: bool) {
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = acceptor.service.shutdown().requested() => break,
            Some(_) = sessions.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                sessions.spawn(admit(Arc::clone(&acceptor), stream, pretty));
            }
            Err(error) => {
                // Most likely the process has no free file descriptor. Sessions that end during the
                // pause free some.
                tracing::warn!(%error, "a client could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
    while sessions.join_next().await.is_some() {}
}

/// Serves one client if the policy lets its user connect.
async fn admit(acceptor: Arc<Acceptor>, stream: Stream, pretty: bool) {
    match stream.peer() {
        Ok(Some(peer)) if !acceptor.service.policy().may_connect(peer) => {
            tracing::warn!(
                uid = peer.uid,
                pid = peer.pid,
                "a client was refused: the policy does not admit its user"
            );
        }
        Ok(_) => acceptor.serve(stream, pretty).await,
        Err(error) => {
            tracing::warn!(%error, "a client was refused: its credentials cannot be read")
        }
    }
}

/// Connects to a client and serves it, and repeats both until the shutdown is requested.
async fn connect_loop(
    acceptor: Arc<Acceptor>,
    Outgoing { address, interval }: Outgoing,
    pretty: bool,
) {
    let mut is_reachable = true;
    loop {
        let connected = tokio::select! {
            () = acceptor.service.shutdown().requested() => return,
            connected = address.connect() => connected,
        };
        match connected {
            Ok(stream) => {
                is_reachable = true;
                acceptor.serve(stream, pretty).await;
            }
            Err(error) if is_reachable => {
                // Only the first failure is a warning: the client may be absent for days.
                is_reachable = false;
                tracing::warn!(%error, "cannot connect to the client; trying again");
            }
            Err(error) => tracing::debug!(%error, "cannot connect to the client yet"),
        }
        tokio::select! {
            () = acceptor.service.shutdown().requested() => return,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

impl Acceptor {
    fn session_options(&self, peer: Option<PeerCredentials>, pretty: bool) -> SessionOptions {
        SessionOptions { peer, pretty, output_limit: self.output_limit }
    }

    /// Serves a client that the policy permits to connect.
    async fn serve(&self, stream: Stream, pretty: bool) {
        let options = self.session_options(stream.peer().ok().flatten(), pretty);
        let (source, sink) = stream.split(self.fd_passing);
        self.run_session(source, sink, &options).await;
    }

    /// Runs one session over its transport, if the number of clients is below the limit.
    async fn run_session(&self, source: Source, mut sink: Sink, options: &SessionOptions) {
        let Ok(_permit) = self.client_permits.try_acquire() else {
            tracing::warn!("a client was refused: too many are connected");
            let _ = sink.write_all(TOO_MANY_CLIENTS).await;
            return;
        };
        let session = Session::new(Arc::clone(&self.service), options);
        let context = session.shared_context();
        let id = context.id();
        tracing::debug!(session = id, "a client connected");
        let mut connection = Connection::new(source, sink, session, Arc::clone(&self.executor));
        match connection.run(self.service.shutdown()).await {
            Disconnect::ByClient | Disconnect::ByServer => {
                tracing::debug!(session = id, "session ended");
            }
            Disconnect::Overflow(error) => {
                tracing::warn!(session = id, %error, "session closed");
                if let Some(OnOverflow(call)) = &self.on_overflow {
                    call(&context);
                }
            }
            Disconnect::Io(error) => tracing::debug!(session = id, %error, "connection lost"),
        }
    }

    fn notify_service_manager(&self, state: ServiceState) {
        if let Some(notify) = self.notify_service_manager {
            notify(state);
        }
    }

    /// Waits until all sessions are closed and all calls have ended. Drops the remaining ones at
    /// the deadline.
    async fn drain(&self, mut tasks: JoinSet<()>) {
        let drained = async {
            while tasks.join_next().await.is_some() {}
            // Calls whose clients have disconnected.
            self.executor.drained().await;
        };
        if tokio::time::timeout(self.drain_deadline, drained).await.is_err() {
            tracing::warn!(
                "shutdown deadline exceeded: dropping the remaining calls and clients"
            );
            tasks.shutdown().await;
            self.executor.abort_all();
            self.executor.drained().await;
        }
    }
}
