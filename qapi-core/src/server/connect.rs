//! Going out to clients that listen, instead of waiting for them.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixStream as StdUnixStream};
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};

use super::stream::{StdStream, Stream};
use crate::error::{Error, Result};

/// Where a client listens that this server connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAddress {
    /// The path of a unix socket.
    Unix(PathBuf),
    /// The name of a unix socket outside the file system.
    Abstract(Vec<u8>),
    /// A TCP address, or several of one host, of which the first that answers is taken.
    Tcp(Vec<SocketAddr>),
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Abstract(name) => write!(f, "@{}", String::from_utf8_lossy(name)),
            Self::Tcp(addresses) => {
                let names: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

impl ClientAddress {
    /// Connects, and waits for it.
    ///
    /// # Errors
    /// Nobody listens there, or it cannot be reached.
    pub(super) fn connect(&self) -> Result<StdStream> {
        let connected = match self {
            Self::Unix(path) => StdUnixStream::connect(path).map(StdStream::Unix),
            Self::Abstract(name) => connect_abstract(name).map(StdStream::Unix),
            Self::Tcp(addresses) => {
                StdTcpStream::connect(addresses.as_slice()).map(StdStream::Tcp)
            }
        };
        connected.map_err(|error| self.failure(error))
    }

    /// As [`connect`](Self::connect), beside other things.
    pub(super) async fn connect_later(&self) -> Result<Stream> {
        let connected = match self {
            Self::Unix(path) => UnixStream::connect(path).await.map(Stream::Unix),
            Self::Abstract(name) => {
                connect_abstract(name).map(StdStream::Unix).and_then(StdStream::into_stream)
            }
            Self::Tcp(addresses) => {
                TcpStream::connect(addresses.as_slice()).await.and_then(Stream::tcp)
            }
        };
        connected.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: io::Error) -> Error {
        Error::from(error).context(format!("Failed to connect to '{self}'"))
    }
}

/// Connecting to an abstract name never waits: it succeeds or fails at once.
fn connect_abstract(name: &[u8]) -> io::Result<StdUnixStream> {
    StdUnixStream::connect_addr(&UnixAddr::from_abstract_name(name)?)
}

/// A client to go out to, again and again.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) address: ClientAddress,
    /// How long to rest after the connection was lost, or was not had.
    pub(super) interval: Duration,
}
