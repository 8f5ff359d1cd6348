//! Why a server does not start, or stops serving.

use std::fmt;
use std::io;
use std::os::fd::RawFd;

use super::address::ClientAddress;
use crate::error::io_error_text;
use crate::registry::error::RegistryError;

/// Why a server did not start, or stopped serving.
///
/// `Debug` prints the same text as `Display`, so that a `main` that returns the error ends the
/// program with a text that people can read.
#[non_exhaustive]
pub enum ServeError {
    /// The program's definitions contradict each other, or its commands require state that was
    /// not added. The error lists every conflict.
    Registry(RegistryError),
    /// No socket could be bound to an address.
    #[non_exhaustive]
    Bind {
        /// The path of a unix socket, `@` and the name of an abstract one, TCP addresses
        /// separated by commas, or a vsock address.
        address: String,
        /// The operating system's error.
        source: io::Error,
    },
    /// No connection could be made to a client that listens.
    #[non_exhaustive]
    Connect {
        /// The address at which the client was expected to listen.
        address: ClientAddress,
        /// The operating system's error.
        source: io::Error,
    },
    /// The process did not inherit a socket with this file descriptor.
    NotASocket(RawFd),
    /// The inherited socket with this file descriptor already has an owner.
    SocketInUse(RawFd),
    /// A socket that was passed as a listening socket does not listen.
    NotListening,
    /// A socket that was passed is not a stream socket of a family that the server supports.
    UnsupportedSocket,
    /// The runtime, a signal handler or a socket failed.
    Io(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(error) => error.fmt(f),
            Self::Bind { address, source } => {
                write!(f, "Failed to bind socket to {address}: {}", io_error_text(source))
            }
            Self::Connect { address, source } => {
                write!(f, "Failed to connect to '{address}': {}", io_error_text(source))
            }
            Self::NotASocket(fd) => write!(f, "File descriptor '{fd}' is not a socket"),
            Self::SocketInUse(fd) => write!(f, "File descriptor '{fd}' is already in use"),
            Self::NotListening => f.write_str("The socket does not listen"),
            Self::UnsupportedSocket => {
                f.write_str("Only stream sockets of unix and TCP are served")
            }
            Self::Io(error) => f.write_str(&io_error_text(error)),
        }
    }
}

impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Registry(error) => Some(error),
            Self::Bind { source, .. } | Self::Connect { source, .. } | Self::Io(source) => {
                Some(source)
            }
            Self::NotASocket(_)
            | Self::SocketInUse(_)
            | Self::NotListening
            | Self::UnsupportedSocket => None,
        }
    }
}

impl From<RegistryError> for ServeError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
