//! Addresses at which clients listen.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The address of a client that listens, to which the server connects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAddress {
    /// The path of a unix socket.
    Unix(PathBuf),
    /// The name of an abstract unix socket, which has no file; at most 107 bytes. Linux only.
    #[cfg(target_os = "linux")]
    Abstract(Vec<u8>),
    /// TCP addresses, usually of one host. The server connects to the first that answers.
    Tcp(Vec<SocketAddr>),
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            #[cfg(target_os = "linux")]
            Self::Abstract(name) => write!(f, "@{}", String::from_utf8_lossy(name)),
            Self::Tcp(addresses) => {
                let names: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}
