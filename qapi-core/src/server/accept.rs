//! Accepts clients, and serves each until it disconnects.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::connect::Outgoing;
use super::connection::{Connection, ConnectionOptions, Disconnect};
use super::executor::CallExecutor;
use super::foreign_protocol::ForeignProtocols;
use super::in_process::Connections;
use super::listener::ListenerOptions;
use super::places::{Occupant, Place, Places};
use super::readiness::{NotifyServiceManager, ServiceState};
use super::refusal::{Refusal, RefusalLog};
use super::stream::{FdPassing, Sink, Source, Stream};
use super::transport::AsyncListener;
use crate::call::peer::Peer;
use crate::call::session::SessionContext;
use crate::memory_budget::MemoryBudget;
use crate::protocol::outbox::CloseReason;
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

/// Resolves when a listener is removed: its sender is dropped.
pub(super) type Removed = oneshot::Receiver<Infallible>;

/// Whether a client is served.
type Admission = Result<Admitted, Refused>;

/// A client that has a place and a session. The connection is boxed, as a future reserves space for
/// each place to which a value moves.
pub(super) struct Admitted {
    place: Place,
    connection: Box<Connection>,
}

/// A client that gets no session. The refusal is logged already.
pub(super) struct Refused {
    sink: Sink,
    refusal: Refusal,
}

/// Accepts clients until the listener is removed or the shutdown is requested, then waits until
/// their sessions are closed.
pub(super) async fn accept_loop(
    acceptor: Arc<Acceptor>,
    listener: AsyncListener,
    options: ListenerOptions,
    mut removed: Removed,
) {
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = acceptor.service.shutdown().requested() => break,
            _ = &mut removed => break,
            Some(_) = sessions.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                let counted = options.clients.enter(stream.tcp_ends());
                let admission = acceptor.admit_accepted(stream, &options);
                let acceptor = Arc::clone(&acceptor);
                sessions.spawn(async move {
                    acceptor.serve(admission).await;
                    drop(counted);
                });
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
    // Clients that connect from now on are refused by the system.
    drop(listener);
    while sessions.join_next().await.is_some() {}
}

/// Serves clients within the process until the listener is removed or the shutdown is requested,
/// then waits until their sessions are closed.
pub(super) async fn in_process_loop(
    acceptor: Arc<Acceptor>,
    mut connections: Connections,
    options: ListenerOptions,
    mut removed: Removed,
) {
    let mut sessions = JoinSet::new();
    loop {
        let (source, sink, peer) = tokio::select! {
            () = acceptor.service.shutdown().requested() => break,
            _ = &mut removed => break,
            Some(_) = sessions.join_next() => continue,
            Some(client) = connections.accept() => client,
            else => break,
        };
        let session = acceptor.session_options(peer, &options);
        let connection = ConnectionOptions::default();
        let admission = acceptor.admit(source, sink, Occupant::Configured, &session, connection);
        let (acceptor, counted) = (Arc::clone(&acceptor), options.clients.enter(None));
        sessions.spawn(async move {
            acceptor.serve(admission).await;
            drop(counted);
        });
    }
    while sessions.join_next().await.is_some() {}
}

/// Connects to a client and serves it, and repeats both until the listener is removed or the
/// shutdown is requested.
pub(super) async fn connect_loop(
    acceptor: Arc<Acceptor>,
    Outgoing { address, interval }: Outgoing,
    options: ListenerOptions,
    mut removed: Removed,
) {
    let mut is_reachable = true;
    loop {
        let connected = tokio::select! {
            () = acceptor.service.shutdown().requested() => return,
            _ = &mut removed => return,
            connected = address.connect() => connected,
        };
        match connected {
            Ok(stream) => {
                is_reachable = true;
                let _counted = options.clients.enter(stream.tcp_ends());
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
            _ = &mut removed => return,
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
    pub(super) fn admit_configured(
        &self,
        stream: Stream,
        options: &ListenerOptions,
    ) -> Admission {
        let peer = stream.peer().ok().flatten();
        self.admit_stream(stream, peer, Occupant::Configured, options, None)
    }

    pub(super) fn admit_stdio(&self, listener: &ListenerOptions) -> Admission {
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

    fn session_options(&self, peer: Option<Peer>, options: &ListenerOptions) -> SessionOptions {
        let ListenerOptions { pretty, name, policy, foreign_protocols: _, clients: _ } = options;
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
        if occupant != Occupant::Configured {
            let policy = session_options.policy.as_ref().unwrap_or_else(|| self.service.policy());
            session.disconnect_by(policy);
        }
        tracing::debug!(session = session.context().id(), "a client connected");
        let executor = Arc::clone(&self.executor);
        let connection = Connection::new(source, sink, session, executor, options);
        Ok(Admitted { place, connection: Box::new(connection) })
    }

    /// Serves an admitted client until it disconnects, or refuses the client.
    pub(super) async fn serve(&self, admission: Admission) {
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
            Disconnect::Closed(reason) => {
                tracing::debug!(session = id, "session closed: {reason}");
                self.refusals.add(Refusal::Closed(reason));
                if let (CloseReason::UnreadOutput, Some(OnOverflow(call))) =
                    (reason, &self.on_overflow)
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

    pub(super) fn notify_service_manager(&self, state: ServiceState) {
        if let Some(notify) = self.notify_service_manager {
            notify(state);
        }
    }

    /// Waits until all sessions are closed and all calls have ended. Drops the remaining ones at
    /// the deadline.
    pub(super) async fn drain(&self, tasks: &mut JoinSet<()>) {
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
