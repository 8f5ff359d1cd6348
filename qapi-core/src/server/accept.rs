//! Lets clients in, and serves each until it leaves.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::connect::Outgoing;
use super::connection::{Connection, Ended};
use super::executor::Calls;
use super::listener::{Listener, Transport};
use super::stream::{Acceptor, Sink, Source, Stream};
use crate::error::Result;
use crate::service::Service;
use crate::session::{PeerCredentials, Session, SessionContext, SessionOptions};

/// How long calls under way may take to end, and clients to read their last replies, when the
/// server ends; unless it is told otherwise.
pub(super) const DEFAULT_DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// What is called when a session is closed because its client does not read.
pub(super) struct OnOverflow(pub(super) Box<dyn Fn(&SessionContext) + Send + Sync>);

impl std::fmt::Debug for OnOverflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnOverflow")
    }
}

/// How long accepting rests after it failed.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// What a client is told that finds all places taken: an error in place of the greeting.
const TOO_MANY_CLIENTS: &[u8] =
    b"{\"error\": {\"class\": \"GenericError\", \"desc\": \"Too many clients are connected\"}}\r\n";

/// What is to be done between the wish to end and the end.
pub(super) type BeforeEnd = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What letting clients in needs.
pub(super) struct Front {
    pub(super) service: Arc<Service>,
    pub(super) clients: Semaphore,
    pub(super) output_limit: usize,
    pub(super) calls: Arc<Calls>,
    pub(super) drain_deadline: Duration,
    pub(super) on_overflow: Option<OnOverflow>,
    pub(super) fd_passing: bool,
    pub(super) readiness: bool,
}

/// Serves all listeners, and ends when the last session has said what it had to say.
pub(super) async fn serve_all(
    front: Arc<Front>,
    listeners: Vec<Listener>,
    before_end: Vec<BeforeEnd>,
) -> Result<()> {
    let mut tasks = JoinSet::new();
    // The sockets' files must outlive the last session: clients see the end by them.
    let mut files = Vec::new();
    for Listener { transport, pretty } in listeners {
        let front = Arc::clone(&front);
        match transport {
            Transport::Listening(bound) => {
                let acceptor = bound.acceptor()?;
                files.push(bound);
                tasks.spawn(accept_all(front, acceptor, pretty));
            }
            Transport::Connected(stream) => {
                let stream = stream.into_stream()?;
                tasks.spawn(async move { front.serve(stream, pretty).await });
            }
            Transport::Connecting(outgoing) => {
                tasks.spawn(go_out(front, outgoing, pretty));
            }
            Transport::Stdio => {
                tasks.spawn(async move {
                    let source = Source::Bytes(Box::new(tokio::io::stdin()));
                    let options = front.options(None, pretty);
                    front.converse(source, Box::new(tokio::io::stdout()), &options).await;
                });
            }
        }
    }
    let events = front.service.events().clone();
    let mut background = JoinSet::new();
    background.spawn(async move { events.deliver_held().await });
    front.notify(sd_notify::NotifyState::Ready);
    front.service.shutdown().requested().await;
    front.notify(sd_notify::NotifyState::Stopping);
    for work in before_end {
        work.await;
    }
    front.service.shutdown().release();
    let drained = async {
        while tasks.join_next().await.is_some() {}
        // Those whose clients left before.
        front.calls.ended().await;
    };
    if tokio::time::timeout(front.drain_deadline, drained).await.is_err() {
        tracing::warn!("clients that were served still or do not read were disconnected");
        tasks.shutdown().await;
        front.calls.drop_all();
        front.calls.ended().await;
    }
    Ok(())
}

/// Accepts clients until the server is asked to end, then waits for their sessions.
async fn accept_all(front: Arc<Front>, acceptor: Acceptor, pretty: bool) {
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = front.service.shutdown().requested() => break,
            Some(_) = sessions.join_next() => continue,
            accepted = acceptor.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
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

/// Serves one client that came, if it may be served.
async fn welcome(front: Arc<Front>, stream: Stream, pretty: bool) {
    match stream.peer() {
        Ok(Some(peer)) if !front.service.policy().may_connect(peer) => {
            tracing::warn!(
                uid = peer.uid,
                pid = peer.pid,
                "a client of another user was refused"
            );
        }
        Ok(_) => front.serve(stream, pretty).await,
        Err(error) => tracing::warn!(%error, "a client's credentials are unknown"),
    }
}

/// Serves a client that is gone out to, until the server is asked to end.
async fn go_out(front: Arc<Front>, Outgoing { address, interval }: Outgoing, pretty: bool) {
    let mut is_reachable = true;
    loop {
        let connected = tokio::select! {
            () = front.service.shutdown().requested() => return,
            connected = address.connect_later() => connected,
        };
        match connected {
            Ok(stream) => {
                is_reachable = true;
                front.serve(stream, pretty).await;
            }
            Err(error) if is_reachable => {
                // Once is enough: the interval may be short, and the client gone for days.
                is_reachable = false;
                tracing::warn!(%error, "trying again until the client is there");
            }
            Err(error) => tracing::debug!(%error, "trying again"),
        }
        tokio::select! {
            () = front.service.shutdown().requested() => return,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

impl Front {
    fn options(&self, peer: Option<PeerCredentials>, pretty: bool) -> SessionOptions {
        SessionOptions { peer, pretty, output_limit: self.output_limit }
    }

    /// Serves a client that may be served.
    async fn serve(&self, stream: Stream, pretty: bool) {
        let options = self.options(stream.peer().ok().flatten(), pretty);
        let (source, sink) = stream.split(self.fd_passing);
        self.converse(source, sink, &options).await;
    }

    async fn converse(&self, source: Source, mut sink: Sink, options: &SessionOptions) {
        let Ok(_place) = self.clients.try_acquire() else {
            tracing::warn!("a client was refused: too many are connected");
            let _ = sink.write_all(TOO_MANY_CLIENTS).await;
            return;
        };
        let session = Session::new(Arc::clone(&self.service), options);
        let (context, calls) = (session.shared_context(), Arc::clone(&self.calls));
        let id = context.id();
        tracing::debug!(session = id, "a client connected");
        let mut connection = Connection::new(source, sink, session, calls);
        match connection.run(self.service.shutdown()).await {
            Ended::ByClient | Ended::ByServer => tracing::debug!(session = id, "session ended"),
            Ended::Overflow(error) => {
                tracing::warn!(session = id, %error, "session closed");
                if let Some(OnOverflow(call)) = &self.on_overflow {
                    call(&context);
                }
            }
            Ended::Io(error) => tracing::debug!(session = id, %error, "connection lost"),
        }
    }

    /// Tells the service manager, if there is one and it is to be told.
    fn notify(&self, state: sd_notify::NotifyState<'_>) {
        if self.readiness
            && let Err(error) = sd_notify::notify(&[state])
        {
            tracing::warn!(%error, "the service manager could not be told");
        }
    }
}
