//! The connection of a socket that no monitor uses: accepted or made, observed until its end, and
//! made again. The program neither reads nor writes, so that the peer's data stay with the system.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{Interest, Ready};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::{net, time};

/// The pause after a client could not be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The current connection of a socket. The task that observes it ends when this is dropped.
pub(super) struct Connection {
    peer: Arc<Mutex<Option<Peer>>>,
    task: AbortHandle,
}

/// The program at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    Unix,
    Tcp { local: SocketAddr, remote: SocketAddr },
}

/// Where to connect.
pub(super) enum Target {
    Unix(UnixAddr),
    /// The addresses of a host, which are tried in order.
    Tcp(Vec<SocketAddr>),
}

/// A listening socket that is registered with the runtime.
enum AsyncListener {
    Unix(net::UnixListener),
    Tcp(net::TcpListener),
}

/// A connection that is registered with the runtime.
enum Stream {
    Unix(net::UnixStream),
    Tcp(net::TcpStream),
}

impl Connection {
    /// The peer, if there is one.
    pub(super) fn peer(&self) -> Option<Peer> {
        *self.peer.lock()
    }

    /// Accepts one client after the other.
    ///
    /// # Errors
    /// The socket cannot be registered with the runtime.
    pub(super) fn of_unix_listener(listener: UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = AsyncListener::Unix(net::UnixListener::from_std(listener)?);
        Ok(Self::spawn(|peer| tokio::spawn(listener.accept_all(peer))))
    }

    /// As [`Connection::of_unix_listener`].
    ///
    /// # Errors
    /// As [`Connection::of_unix_listener`].
    pub(super) fn of_tcp_listener(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = AsyncListener::Tcp(net::TcpListener::from_std(listener)?);
        Ok(Self::spawn(|peer| tokio::spawn(listener.accept_all(peer))))
    }

    /// Connects, once or again after each end. Blocks if it connects once.
    ///
    /// # Errors
    /// The target cannot be reached, if the program connects once.
    pub(super) fn to(target: Target, reconnect: Option<Duration>) -> io::Result<Self> {
        let Some(delay) = reconnect else {
            let stream = target.connect()?;
            return Ok(Self::spawn(|peer| {
                // Before the task runs.
                *peer.lock() = stream.peer();
                tokio::spawn(async move { stream.observe(&peer).await })
            }));
        };
        let target = Arc::new(target);
        Ok(Self::spawn(|peer| {
            tokio::spawn(async move {
                loop {
                    let connecting = Arc::clone(&target);
                    let connected =
                        tokio::task::spawn_blocking(move || connecting.connect()).await;
                    if let Ok(Ok(stream)) = connected {
                        stream.observe(&peer).await;
                    }
                    time::sleep(delay).await;
                }
            })
        }))
    }

    fn spawn(task: impl FnOnce(Arc<Mutex<Option<Peer>>>) -> JoinHandle<()>) -> Self {
        let peer = Arc::default();
        let task = task(Arc::clone(&peer)).abort_handle();
        Connection { peer, task }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl AsyncListener {
    async fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            AsyncListener::Unix(listener) => Stream::Unix(listener.accept().await?.0),
            AsyncListener::Tcp(listener) => Stream::Tcp(listener.accept().await?.0),
        })
    }

    async fn accept_all(self, peer: Arc<Mutex<Option<Peer>>>) {
        loop {
            match self.accept().await {
                Ok(stream) => stream.observe(&peer).await,
                // Most likely the process has no free file descriptor.
                Err(_) => time::sleep(ACCEPT_RETRY).await,
            }
        }
    }
}

impl Target {
    fn connect(&self) -> io::Result<Stream> {
        match self {
            Target::Unix(address) => {
                let stream = UnixStream::connect_addr(address)?;
                stream.set_nonblocking(true)?;
                Ok(Stream::Unix(net::UnixStream::from_std(stream)?))
            }
            Target::Tcp(addresses) => {
                let stream = TcpStream::connect(addresses.as_slice())?;
                stream.set_nonblocking(true)?;
                Ok(Stream::Tcp(net::TcpStream::from_std(stream)?))
            }
        }
    }
}

impl Stream {
    fn peer(&self) -> Option<Peer> {
        match self {
            Stream::Unix(_) => Some(Peer::Unix),
            Stream::Tcp(stream) => {
                let (local, remote) = (stream.local_addr().ok()?, stream.peer_addr().ok()?);
                Some(Peer::Tcp { local, remote })
            }
        }
    }

    /// Waits until the peer closes the connection.
    async fn observe(self, peer: &Mutex<Option<Peer>>) {
        *peer.lock() = self.peer();
        loop {
            match self.ready().await {
                Ok(ready) if !ready.is_read_closed() && !ready.is_error() => self.forget_input(),
                Ok(_) | Err(_) => break,
            }
        }
        *peer.lock() = None;
    }

    async fn ready(&self) -> io::Result<Ready> {
        match self {
            Stream::Unix(stream) => stream.ready(Interest::READABLE).await,
            Stream::Tcp(stream) => stream.ready(Interest::READABLE).await,
        }
    }

    /// Lets the next wait end with the next event, although there is input.
    fn forget_input(&self) {
        let would_block = || Err::<(), _>(ErrorKind::WouldBlock.into());
        let _ = match self {
            Stream::Unix(stream) => stream.try_io(Interest::READABLE, would_block),
            Stream::Tcp(stream) => stream.try_io(Interest::READABLE, would_block),
        };
    }
}
