//! Connections within the process.

#[cfg(feature = "test-util")]
use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

#[cfg(feature = "test-util")]
use super::connection::{Connection, ConnectionOptions};
#[cfg(feature = "test-util")]
use super::executor::{CallExecutor, DEFAULT_BLOCKING_LIMIT};
use super::stream::{Sink, Source, peer_credentials};
use crate::call::peer::Peer;
#[cfg(feature = "test-util")]
use crate::service::Service;
#[cfg(feature = "test-util")]
use crate::service::shutdown::Shutdown;
#[cfg(feature = "test-util")]
use crate::session::{Session, SessionOptions};

/// The number of bytes that each direction buffers: that of a unix socket on Linux.
const CAPACITY: usize = 208 << 10;

/// Connects clients within the process to a server. Clones connect to the same server.
///
/// [`Listener::in_process`](super::Listener::in_process) creates it. The program can execute its
/// own commands by name with a [`Client`](crate::client::Client) over such a connection, with the
/// same hooks, policy and checks as every other client:
///
/// ```standalone_crate
/// use qapi_core::client::Client;
/// use qapi_core::prelude::*;
/// use qapi_core::Listener;
///
/// /// A lamp.
/// #[qapi_struct]
/// struct Lamp {
///     /// Whether it is lit.
///     lit: bool,
/// }
///
/// /// Returns the state of the lamp.
/// #[qapi_command]
/// fn query_lamp() -> Lamp {
///     Lamp { lit: true }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (listener, connector) = Listener::in_process();
/// let server = Server::new().listen(listener);
/// let shutdown = server.shutdown();
/// let work = async {
///     let mut client = Client::over(connector.connect()).await?;
///     let lamp: Lamp = client.call("query-lamp").await?;
///     assert!(lamp.lit);
///     shutdown.request();
///     Ok::<(), Box<dyn std::error::Error>>(())
/// };
/// let (served, worked) = tokio::join!(server.serve(), work);
/// served?;
/// worked
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Connector {
    clients: mpsc::UnboundedSender<Client>,
}

/// A client that connects.
#[derive(Debug)]
struct Client {
    stream: DuplexStream,
    /// The peer; `None` for this process.
    peer: Option<Peer>,
}

/// The server's end of a [`Connector`].
#[derive(Debug)]
pub(super) struct Connections(mpsc::UnboundedReceiver<Client>);

/// A connector and its connections.
pub(super) fn pair() -> (Connections, Connector) {
    let (clients, connections) = mpsc::unbounded_channel();
    (Connections(connections), Connector { clients })
}

impl Connector {
    /// Connects a client with the credentials of this process. Returns the client's end of the
    /// connection. The first message on it is the greeting, as soon as the server runs. After the
    /// end of the server the connection is closed.
    pub fn connect(&self) -> DuplexStream {
        self.connect_client(None)
    }

    /// Connects a client as this peer, for tests of a policy; otherwise like
    /// [`connect`](Self::connect).
    pub fn connect_as(&self, peer: impl Into<Peer>) -> DuplexStream {
        self.connect_client(Some(peer.into()))
    }

    fn connect_client(&self, peer: Option<Peer>) -> DuplexStream {
        let (near, stream) = tokio::io::duplex(CAPACITY);
        // Without a server the far end is dropped, which closes the connection.
        let _ = self.clients.send(Client { stream, peer });
        near
    }
}

impl Connections {
    /// Waits for the next client; `None` when all connectors are dropped.
    pub(super) async fn accept(&mut self) -> Option<(Source, Sink, Option<Peer>)> {
        let Client { stream, peer } = self.0.recv().await?;
        let (reader, writer) = tokio::io::split(stream);
        let peer = peer.or_else(own_credentials);
        Some((Source::Bytes(Box::new(reader)), Box::new(writer), peer))
    }
}

/// The credentials of this process, as the system reports them for its own connections.
fn own_credentials() -> Option<Peer> {
    let (socket, _other) = UnixStream::pair().ok()?;
    peer_credentials(&socket).ok().map(Peer::from)
}

/// Serves a client of a service without a server, and returns the client's end of the connection.
/// Requires a tokio runtime.
#[cfg(feature = "test-util")]
pub(crate) fn connect(service: &Arc<Service>) -> DuplexStream {
    let (near, far) = tokio::io::duplex(CAPACITY);
    let (reader, writer) = tokio::io::split(far);
    let source = Source::Bytes(Box::new(reader));
    let service = Arc::clone(service);
    let session = Session::new(Arc::clone(&service), &SessionOptions::default());
    tokio::spawn(async move {
        let executor = Arc::new(CallExecutor::new(DEFAULT_BLOCKING_LIMIT));
        let options = ConnectionOptions::default();
        let mut connection =
            Connection::new(source, Box::new(writer), session, executor, options);
        tokio::select! {
            // The reason is not logged: the test sees the disconnect itself.
            _ = connection.run(service.shutdown()) => {}
            // The background tasks of a `Server`, which this connection does not have.
            () = service.events().run_throttle() => {}
            () = close_on_request(service.shutdown()) => {}
        }
    });
    near
}

/// Lets sessions close as soon as the shutdown is requested, as there are no shutdown hooks.
#[cfg(feature = "test-util")]
async fn close_on_request(shutdown: &Shutdown) {
    shutdown.requested().await;
    shutdown.close_sessions();
    std::future::pending().await
}
