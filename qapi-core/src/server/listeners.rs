//! The handle that adds and removes listeners while the server runs.

use std::io;

use tokio::sync::{mpsc, oneshot};

use super::error::ServeError;
use super::listener::Listener;

/// The number of changes that wait for the server. More wait at their callers.
const CHANGES_MAX: usize = 16;

/// A handle that adds and removes listeners while the server runs. All clones belong to one server,
/// [`Server::listeners`](crate::Server::listeners). Commands receive it as state.
///
/// ```
/// use qapi_core::Listener;
/// use qapi_core::prelude::*;
/// use qapi_core::server::Listeners;
///
/// /// Opens a socket for one more group of clients.
/// #[qapi_command]
/// async fn monitor_add(
///     #[qapi(state)] listeners: &Listeners,
///     /// The path of the socket.
///     path: String,
/// ) -> Result<(), ServeError> {
///     listeners.add(Listener::unix(&path)?).await
/// }
///
/// /// Closes a socket. Its clients stay connected.
/// #[qapi_command]
/// async fn monitor_remove(
///     #[qapi(state)] listeners: &Listeners,
///     path: String,
/// ) -> Result<(), String> {
///     let is_removed = listeners.remove(&path).await;
///     is_removed.then_some(()).ok_or_else(|| format!("Monitor '{path}' not found"))
/// }
/// # use qapi_core::ServeError;
/// ```
#[derive(Debug, Clone)]
pub struct Listeners(mpsc::Sender<Change>);

/// A change of the listeners, with the sender of its result.
#[derive(Debug)]
pub(super) enum Change {
    Add(Box<Listener>, oneshot::Sender<Result<(), ServeError>>),
    Remove(String, oneshot::Sender<bool>),
}

/// A handle, and the changes that it requests.
pub(super) fn channel() -> (Listeners, mpsc::Receiver<Change>) {
    let (sender, changes) = mpsc::channel(CHANGES_MAX);
    (Listeners(sender), changes)
}

impl Listeners {
    /// Adds a listener. Returns when its clients are served. Before the server runs, this waits for
    /// the start.
    ///
    /// # Errors
    /// [`ServeError::Registry`]: the policy of the listener does not fit the commands.
    /// [`ServeError::Io`]: the socket cannot be registered with the runtime, or the server shuts
    /// down.
    pub async fn add(&self, listener: Listener) -> Result<(), ServeError> {
        let (result, added) = oneshot::channel();
        let is_sent = self.0.send(Change::Add(Box::new(listener), result)).await.is_ok();
        match added.await {
            Ok(result) if is_sent => result,
            _ => Err(ServeError::Io(io::Error::other("the server shuts down"))),
        }
    }

    /// Removes the listeners of this [name](Listener::name), which is the address by default. The
    /// file of a unix socket is removed too. The clients of the listener stay connected;
    /// `PolicyHandle::replace_and_disconnect` disconnects them. An outgoing connection is not
    /// repeated.
    ///
    /// Returns whether there was such a listener. A listener that is a single connection, such as
    /// standard input and output, cannot be removed.
    pub async fn remove(&self, name: &str) -> bool {
        let (result, removed) = oneshot::channel();
        let is_sent = self.0.send(Change::Remove(name.to_owned(), result)).await.is_ok();
        is_sent && removed.await.unwrap_or(false)
    }
}
