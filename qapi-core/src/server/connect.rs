//! Outgoing connections: the client listens, and the server connects.

use std::io;
use std::net::TcpStream as StdTcpStream;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use tokio::net::{TcpStream, UnixStream};

use super::address::ClientAddress;
use super::error::ServeError;
use super::stream::{StdStream, Stream};
#[cfg(all(feature = "vsock", target_os = "linux"))]
use super::vsock;

impl ClientAddress {
    /// Connects, and blocks the thread until the connection is made.
    ///
    /// # Errors
    /// [`ServeError::Connect`]: the client does not listen, or cannot be reached.
    pub(super) fn connect_blocking(&self) -> Result<StdStream, ServeError> {
        let connected = match self {
            Self::Unix(path) => connect_unix(path).map(StdStream::Unix),
            #[cfg(target_os = "linux")]
            Self::Abstract(name) => connect_abstract(name).map(StdStream::Unix),
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(address) => vsock::connect_blocking(*address).map(StdStream::Vsock),
            Self::Tcp(addresses) => {
                StdTcpStream::connect(addresses.as_slice()).map(StdStream::Tcp)
            }
        };
        connected.map_err(|error| self.failure(error))
    }

    /// Connects.
    ///
    /// # Errors
    /// The errors of [`connect_blocking`](Self::connect_blocking).
    pub(super) async fn connect(&self) -> Result<Stream, ServeError> {
        let connected = match self {
            Self::Unix(path) => UnixStream::connect(path).await.map(Stream::Unix),
            #[cfg(target_os = "linux")]
            Self::Abstract(name) => {
                connect_abstract(name).map(StdStream::Unix).and_then(StdStream::into_stream)
            }
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(address) => vsock::connect(*address).await.map(Stream::Vsock),
            Self::Tcp(addresses) => {
                TcpStream::connect(addresses.as_slice()).await.and_then(Stream::tcp)
            }
        };
        connected.map_err(|error| self.failure(error))
    }

    fn failure(&self, source: io::Error) -> ServeError {
        ServeError::Connect { address: self.clone(), source }
    }
}

/// As [`StdUnixStream::connect`], for paths of the full length of 108 bytes too.
fn connect_unix(path: &Path) -> io::Result<StdUnixStream> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket.into())
}

/// Connects to an abstract socket, which succeeds or fails without waiting.
#[cfg(target_os = "linux")]
fn connect_abstract(name: &[u8]) -> io::Result<StdUnixStream> {
    StdUnixStream::connect_addr(&super::abstract_socket::abstract_address(name)?)
}

/// A client to which the server connects, and to which it connects again after each disconnect.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) address: ClientAddress,
    /// The time between a disconnect or a failed attempt and the next attempt.
    pub(super) interval: Duration,
}
