//! Serves the clients of all listeners, and shuts down in order.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::accept::{Acceptor, accept_loop, connect_loop, in_process_loop};
use super::error::ServeError;
use super::listener::Listener;
use super::listeners::Change;
use super::readiness::ServiceState;
use super::transport::{ListeningSocket, Transport};

/// A future that the server awaits: a shutdown hook, or work in the background.
pub(super) type ServerTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The listeners of a server that runs, and their sessions.
struct Serving {
    acceptor: Arc<Acceptor>,
    open: Vec<OpenListener>,
    tasks: JoinSet<()>,
}

/// A listener that accepts clients until it is dropped.
struct OpenListener {
    name: Arc<str>,
    /// The file of a unix socket is removed when its listener is dropped. At the end of the server
    /// this is after the end of the last session, so that clients can detect the end by it.
    _socket: Option<ListeningSocket>,
    _remove: oneshot::Sender<Infallible>,
}

/// Serves the clients of all listeners until the shutdown is requested and the last session is
/// closed.
///
/// # Errors
/// A listener cannot be registered with the runtime.
pub(super) async fn serve_all(
    acceptor: Arc<Acceptor>,
    listeners: Vec<Listener>,
    changes: mpsc::Receiver<Change>,
    shutdown_hooks: Vec<ServerTask>,
    server_background: Vec<ServerTask>,
) -> Result<(), ServeError> {
    if !shutdown_hooks.is_empty() {
        acceptor.service.shutdown().expect_hooks();
    }
    let mut serving =
        Serving { acceptor: Arc::clone(&acceptor), open: Vec::new(), tasks: JoinSet::new() };
    for listener in listeners {
        serving.start(listener)?;
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
    serving.change_until_shutdown(changes).await;
    acceptor.notify_service_manager(ServiceState::Stopping);
    for hook in shutdown_hooks {
        hook.await;
    }
    // No event is lost at the end.
    acceptor.service.events().flush();
    acceptor.service.shutdown().close_sessions();
    acceptor.drain(&mut serving.tasks).await;
    Ok(())
}

impl Serving {
    /// Serves the clients of a listener from now on.
    ///
    /// # Errors
    /// The listener cannot be registered with the runtime.
    fn start(&mut self, Listener { transport, mut options }: Listener) -> Result<(), ServeError> {
        let acceptor = Arc::clone(&self.acceptor);
        let name = Arc::clone(options.name.get_or_insert_with(|| transport.name().into()));
        let (remove, removed) = oneshot::channel();
        let mut listening = None;
        match transport {
            Transport::Listening(socket) => {
                let listener = socket.async_listener()?;
                listening = Some(socket);
                self.tasks.spawn(accept_loop(acceptor, listener, options, removed));
            }
            Transport::Connecting(outgoing) => {
                self.tasks.spawn(connect_loop(acceptor, outgoing, options, removed));
            }
            Transport::InProcess(connections) => {
                self.tasks.spawn(in_process_loop(acceptor, connections, options, removed));
            }
            Transport::Connected(stream) => {
                let stream = stream.into_stream()?;
                let counted = options.clients.enter(stream.tcp_ends());
                let admission = acceptor.admit_configured(stream, &options);
                self.tasks.spawn(async move {
                    acceptor.serve(admission).await;
                    drop(counted);
                });
                return Ok(());
            }
            Transport::Stdio => {
                let admission = acceptor.admit_stdio(&options);
                let counted = options.clients.enter(None);
                self.tasks.spawn(async move {
                    acceptor.serve(admission).await;
                    drop(counted);
                });
                return Ok(());
            }
        }
        self.open.push(OpenListener { name, _socket: listening, _remove: remove });
        Ok(())
    }

    /// Adds and removes listeners until the shutdown is requested. Later changes fail.
    async fn change_until_shutdown(&mut self, mut changes: mpsc::Receiver<Change>) {
        loop {
            let change = tokio::select! {
                () = self.acceptor.service.shutdown().requested() => return,
                // Tasks of listeners that were removed, and of single connections that ended.
                Some(_) = self.tasks.join_next() => continue,
                Some(change) = changes.recv() => change,
            };
            match change {
                Change::Add(listener, result) => {
                    // The caller may have stopped waiting.
                    let _ = result.send(self.add(*listener));
                }
                Change::Remove(name, result) => {
                    let before = self.open.len();
                    self.open.retain(|listener| *listener.name != *name);
                    let _ = result.send(self.open.len() < before);
                }
            }
        }
    }

    fn add(&mut self, listener: Listener) -> Result<(), ServeError> {
        if let Some(policy) = listener.own_policy() {
            self.acceptor.service.check_and_bind(policy)?;
        }
        self.start(listener)
    }
}
