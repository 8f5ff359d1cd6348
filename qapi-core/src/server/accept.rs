//! Accepts clients, serves each until it disconnects, and shuts down in order.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use super::connect::Outgoing;
use super::connection::{Connection, ConnectionOptions, Disconnect};
use super::error::ServeError;
use super::executor::CallExecutor;
use super::foreign_protocol::ForeignProtocols;
use super::in_process::Connections;
use super::listener::{Listener, ListenerOptions};
use super::places::{Occupant, Place, Places};
use super::readiness::{NotifyServiceManager, ServiceState};
use super::refusal::{Refusal, RefusalLog};
use super::stream::{FdPassing, Sink, Source, Stream};
use super::transport::{AsyncListener, Transport};
use crate::call::peer::Peer;
use crate::call::session::SessionContext;
use crate::memory_budget::MemoryBudget;
use crate::protocol::outbox::LimitExceeded;
use crate::service::Service;
use crate::session::{Session, SessionOptions};

/// The function that the server calls when a session is closed because its client does not read.
pub(super) struct OnOverflow(pub(super) Box<dyn Fn(&SessionContext) + Send + Sync>);

impl std::fmt::Debug for OnOverflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnOverflow")
    }
}

/// The pause of a listener after it failed to accept a client.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A future that the server awaits: a shutdown hook, or work in the background.
pub(super) type ServerTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Everything that accepting and serving a client needs.
pub(super) struct Acceptor {
    pub(super) service: Arc<Service>,
    pub(super) output_limit: usize,
    pub(super) memory_budget: MemoryBudget,
    pub(super) negotiation_deadline: Duration,
    pub(super) drain_deadline: Duration,
    pub(super) places: Arc<Places>,
    pub(super) refusals: RefusalLog,
    pub(super) executor: Arc<CallExecutor>,
    pub(super) on_overflow: Option<OnOverflow>,
    pub(super) fd_passing: FdPassing,
    pub(super) notify_service_manager: Option<NotifyServiceManager>,
}

/// Whether a client is served.
type Admission = Result<Admitted, Refused>;

/// A client that has a place and a session. The connection is boxed, as a future reserves space for
/// each place to which a value moves.
struct Admitted {
    place: Place,
    connection: Box<Connection>,
}

/// A client that gets no session. The refusal is logged already.
struct Refused {
    sink: Sink,
    refusal: Refusal,
}

/// Serves the clients of all listeners until the shutdown is requested and the last session is
/// closed.
///
/// # Errors
/// A listener cannot be registered with the runtime.
pub(super) async fn serve_all(
    acceptor: Arc<Acceptor>,
    listeners: Vec<Listener>,
    shutdown_hooks: Vec<ServerTask>,
    server_background: Vec<ServerTask>,
) -> Result<(), ServeError> {
    if !shutdown_hooks.is_empty() {
        acceptor.service.shutdown().expect_hooks();
    }
    let mut tasks = JoinSet::new();
    // The files of the sockets are removed after the last session is closed, so that clients can
    // detect the end of the server by them.
    let mut sockets = Vec::new();
    for Listener { transport, mut options } in listeners {
        let acceptor = Arc::clone(&acceptor);
        options.name.get_or_insert_with(|| transport.name().into());
        match transport {
            Transport::Listening(socket) => {
                let listener = socket.async_listener()?;
                sockets.push(socket);
                tasks.spawn(accept_loop(acceptor, listener, options));
            }
            Transport::Connected(stream) => {
                let stream = stream.into_stream()?;
                let admission = acceptor.admit_configured(stream, &options);
                tasks.spawn(async move { acceptor.serve(admission).await });
            }
            Transport::Connecting(outgoing) => {
                tasks.spawn(connect_loop(acceptor, outgoing, options));
            }
            Transport::InProcess(connections) => {
                tasks.spawn(in_process_loop(acceptor, connections, options));
            }
            Transport::Stdio => {
                let admission = acceptor.admit_stdio(&options);
                tasks.spawn(async move { acceptor.serve(admission).await });
            }
        }
    }
    let events = acceptor.service.events().clone();
    let mut background = JoinSet::new();
    background.spawn(async move { events.run_throttle().await });
    for task in server_background {
        background.spawn(task);
    }
    let logging = Arc::clone(&acceptor);
    background.spawn(async move { logging.refusals.run().await });
    acceptor.notify_service_manager(ServiceState::Ready);
    acceptor.service.shutdown().requested().await;
    acceptor.notify_service_manager(ServiceState::Stopping);
    for hook in shutdown_hooks {
        hook.await;
    }
    // No event is lost at the end.
    acceptor.service.events().flush();
    acceptor.service.shutdown().close_sessions();
    acceptor.drain(tasks).await;
    Ok(())
}

/// Accepts clients until the shutdown is requested, then waits until their sessions are closed.
async fn accept_loop(acceptor: Arc<Acceptor>, listener: AsyncListener, options: ListenerOptions) {
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = acceptor.service.shutdown().requested() => break,
            Some(_) = sessions.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                let admission = acceptor.admit_accepted(stream, &options);
                let acceptor = Arc::clone(&acceptor);
                sessions.spawn(async move { acceptor.serve(admission).await });
            }
            Err(error) => {
                // Most likely the process has no free file descriptor. Sessions that end during the
                // pause free some.
                tracing::debug!(%error, "a client could not be accepted");
                acceptor.refusals.add(Refusal::AcceptFailed(error.raw_os_error()));
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
    while sessions.join_next().await.is_some() {}
}

/// Serves clients within the process until the shutdown is requested, then waits until their
/// sessions are closed.
async fn in_process_loop(
    acceptor: Arc<Acceptor>,
    mut connections: Connections,
    options: ListenerOptions,
) {
    let mut sessions = JoinSet::new();
    loop {
        let (source, sink, peer) = tokio::select! {
            () = acceptor.service.shutdown().requested() => break,
            Some(_) = sessions.join_next() => continue,
            Some(client) = connections.accept() => client,
            else => break,
        };
        let session = acceptor.session_options(peer, &options);
        let connection = ConnectionOptions::default();
        let admission = acceptor.admit(source, sink, Occupant::Configured, &session, connection);
        let acceptor = Arc::clone(&acceptor);
        sessions.spawn(async move { acceptor.serve(admission).await });
    }
    while sessions.join_next().await.is_some() {}
}

/// Connects to a client and serves it, and repeats both until the shutdown is requested.
async fn connect_loop(
    acceptor: Arc<Acceptor>,
    Outgoing { address, interval }: Outgoing,
    options: ListenerOptions,
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
                acceptor.serve(acceptor.admit_configured(stream, &options)).await;
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
    /// Admits a client that connected to a socket of the server, if the policy admits its user.
    fn admit_accepted(&self, stream: Stream, options: &ListenerOptions) -> Admission {
        let policy = options.policy.as_ref().unwrap_or_else(|| self.service.policy());
        let refuse = |stream: Stream, refusal| {
            self.refusals.add(refusal);
            Err(Refused { sink: stream.split(FdPassing::Disabled).1, refusal })
        };
        let peer = match stream.peer() {
            Ok(Some(peer)) if !policy.may_connect(&peer) => {
                tracing::debug!(?peer, "the policy refuses a client");
                return refuse(stream, Refusal::not_admitted(&peer));
            }
            Ok(peer) => peer,
            Err(error) => {
                tracing::debug!(%error, "the credentials of a client cannot be read");
                return refuse(stream, Refusal::CredentialsUnreadable);
            }
        };
        let occupant = Occupant::of_peer(peer.as_ref());
        self.admit_stream(stream, peer, occupant, options, Some(self.negotiation_deadline))
    }

    /// Admits a client at the other end of a connection that the operator configured.
    fn admit_configured(&self, stream: Stream, options: &ListenerOptions) -> Admission {
        let peer = stream.peer().ok().flatten();
        self.admit_stream(stream, peer, Occupant::Configured, options, None)
    }

    fn admit_stdio(&self, listener: &ListenerOptions) -> Admission {
        let source = Source::Bytes(Box::new(tokio::io::stdin()));
        let sink = Box::new(tokio::io::stdout());
        let foreign_protocols = listener.foreign_protocols.unwrap_or(ForeignProtocols::Ignore);
        let options = ConnectionOptions { foreign_protocols, negotiation_deadline: None };
        let session = self.session_options(None, listener);
        self.admit(source, sink, Occupant::Configured, &session, options)
    }

    fn admit_stream(
        &self,
        stream: Stream,
        peer: Option<Peer>,
        occupant: Occupant,
        listener: &ListenerOptions,
        negotiation_deadline: Option<Duration>,
    ) -> Admission {
        let default = stream.default_foreign_protocols();
        let foreign_protocols = listener.foreign_protocols.unwrap_or(default);
        let options = ConnectionOptions { foreign_protocols, negotiation_deadline };
        let (source, sink) = stream.split(self.fd_passing);
        let session = self.session_options(peer, listener);
        self.admit(source, sink, occupant, &session, options)
    }

    fn session_options(
        &self,
        peer: Option<Peer>,
        ListenerOptions { pretty, name, policy, foreign_protocols: _ }: &ListenerOptions,
    ) -> SessionOptions {
        let (output_limit, memory_budget) = (self.output_limit, self.memory_budget.clone());
        let (pretty, listener, policy) = (*pretty, name.clone(), policy.clone());
        SessionOptions { peer, pretty, output_limit, memory_budget, listener, policy }
    }

    /// Opens a session over its transport, if a place is free.
    fn admit(
        &self,
        source: Source,
        sink: Sink,
        occupant: Occupant,
        session_options: &SessionOptions,
        options: ConnectionOptions,
    ) -> Admission {
        let place = match self.places.take(occupant) {
            Ok(place) => place,
            Err(reason) => {
                let refusal = Refusal::NoPlace(reason);
                self.refusals.add(refusal);
                return Err(Refused { sink, refusal });
            }
        };
        let session = Session::new(Arc::clone(&self.service), session_options);
        tracing::debug!(session = session.context().id(), "a client connected");
        let executor = Arc::clone(&self.executor);
        let connection = Connection::new(source, sink, session, executor, options);
        Ok(Admitted { place, connection: Box::new(connection) })
    }

    /// Serves an admitted client until it disconnects, or refuses the client.
    async fn serve(&self, admission: Admission) {
        let Admitted { place, mut connection } = match admission {
            Ok(admitted) => admitted,
            Err(Refused { mut sink, refusal }) => {
                // The reply fits the empty buffer of the socket, so that the write does not wait
                // for the client.
                let _ = sink.write_all(refusal.reply().unwrap_or_default()).await;
                return;
            }
        };
        let context = connection.shared_context();
        let id = context.id();
        match connection.run(self.service.shutdown()).await {
            Disconnect::ByClient | Disconnect::ByServer => {
                tracing::debug!(session = id, "session ended");
            }
            Disconnect::Exceeded(limit) => {
                tracing::debug!(session = id, "session closed: {limit}");
                self.refusals.add(Refusal::Exceeded(limit));
                if let (LimitExceeded::UnreadOutput, Some(OnOverflow(call))) =
                    (limit, &self.on_overflow)
                {
                    call(&context);
                }
            }
            Disconnect::Refused(refusal) => {
                tracing::debug!(session = id, "session closed: {refusal}");
                self.refusals.add(refusal);
            }
            Disconnect::Io(error) => tracing::debug!(session = id, %error, "connection lost"),
        }
        if let Some(call) = connection.into_call() {
            // The call occupies the place until it ends, so that clients which disconnect at once
            // cannot start any number of calls.
            tokio::spawn(async move {
                let _ = call.await;
                drop(place);
            });
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
