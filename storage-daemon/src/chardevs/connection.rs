//! The connection of a socket that no monitor uses: accepted or made, observed until its end, and
//! made again. The program neither reads nor writes, so that the peer's data stay with the system.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{Interest, Ready};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::{net, time};

/// The pause after a client could not be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The time within which a connection must be made.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// The current connection of a socket. The task that observes it ends when this is dropped.
pub(super) struct Connection {
    peer: watch::Receiver<Option<Peer>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The program at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    Unix,
    Tcp { local: SocketAddr, remote: SocketAddr },
}

/// Where to connect.
pub(super) enum Target {
    /// A path, or a zero byte and an abstract name.
    Unix(PathBuf),
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
        *self.peer.borrow()
    }

    /// Waits until there is a peer.
    pub(super) async fn connected(&self) {
        // The sender lives as long as the task, which accepts peers until it is aborted.
        let _ = self.peer.clone().wait_for(Option::is_some).await;
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
            let stream = Handle::current().block_on(target.connect())?;
            return Ok(Self::spawn(|peer| {
                // Before the task runs.
                peer.send_replace(stream.peer());
                tokio::spawn(async move { stream.observe(&peer).await })
            }));
        };
        Ok(Self::spawn(|peer| {
            tokio::spawn(async move {
                loop {
                    if let Ok(stream) = target.connect().await {
                        stream.observe(&peer).await;
                    }
                    time::sleep(delay).await;
                }
            })
        }))
    }

    fn spawn(task: impl FnOnce(watch::Sender<Option<Peer>>) -> JoinHandle<()>) -> Self {
        let (sender, peer) = watch::channel(None);
        let task = task(sender);
        Connection { peer, task: Mutex::new(Some(task)) }
    }

    /// Ends the connection, or the wait for one, and frees the address. Blocks.
    pub(super) fn end(&self) {
        let Some(task) = self.task.lock().take() else { return };
        task.abort();
        // The task is cancelled, or has ended before.
        let _ = Handle::current().block_on(task);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut() {
            task.abort();
        }
    }
}

impl AsyncListener {
    async fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            AsyncListener::Unix(listener) => Stream::Unix(listener.accept().await?.0),
            AsyncListener::Tcp(listener) => Stream::Tcp(listener.accept().await?.0),
        })
    }

    async fn accept_all(self, peer: watch::Sender<Option<Peer>>) {
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
    pub(super) fn unix(address: &UnixAddr) -> Self {
        let path = address.as_pathname().map(Path::to_owned);
        Target::Unix(path.unwrap_or_else(|| {
            let name = address.as_abstract_name().unwrap_or_default();
            OsString::from_vec([&[0], name].concat()).into()
        }))
    }

    /// # Errors
    /// The target cannot be reached, or not within [`CONNECT_MAX`]. As no connection is made in the
    /// background, a UNIX socket with too many waiting clients is an error too.
    async fn connect(&self) -> io::Result<Stream> {
        let connected = time::timeout(CONNECT_MAX, async {
            Ok(match self {
                Target::Unix(path) => Stream::Unix(net::UnixStream::connect(path).await?),
                Target::Tcp(addresses) => {
                    Stream::Tcp(net::TcpStream::connect(addresses.as_slice()).await?)
                }
            })
        });
        connected.await.unwrap_or_else(|_elapsed| Err(ErrorKind::TimedOut.into()))
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
    async fn observe(self, peer: &watch::Sender<Option<Peer>>) {
        peer.send_replace(self.peer());
        loop {
            match self.ready().await {
                Ok(ready) if !ready.is_read_closed() && !ready.is_error() => self.forget_input(),
                Ok(_) | Err(_) => break,
            }
        }
        peer.send_replace(None);
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
