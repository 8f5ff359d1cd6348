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
    /// A port of a machine, over vsock. Linux only, with the feature `vsock`.
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    Vsock(VsockAddress),
    /// TCP addresses, usually of one host. The server connects to the first that answers.
    Tcp(Vec<SocketAddr>),
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            #[cfg(target_os = "linux")]
            Self::Abstract(name) => write!(f, "@{}", String::from_utf8_lossy(name)),
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(address) => address.fmt(f),
            Self::Tcp(addresses) => {
                let names: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// A port of a machine, over vsock. QEMU's schema has it as `VsockSocketAddress` (`sockets.json`).
///
/// ```
/// use qapi_core::server::VsockAddress;
///
/// assert_eq!(VsockAddress::new(3, 1024).to_string(), "vsock:3:1024");
/// ```
#[cfg(all(feature = "vsock", target_os = "linux"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct VsockAddress {
    /// The context identifier (CID) of the machine.
    pub cid: u32,
    /// The port. Only privileged processes listen below 1024.
    pub port: u32,
}

#[cfg(all(feature = "vsock", target_os = "linux"))]
impl VsockAddress {
    /// The machine itself, whichever identifier it has; for a socket that listens.
    pub const ANY_CID: u32 = u32::MAX;

    /// A port that the system chooses; for a socket that listens.
    pub const ANY_PORT: u32 = u32::MAX;

    /// A port of the machine with this context identifier.
    #[must_use]
    pub const fn new(cid: u32, port: u32) -> Self {
        Self { cid, port }
    }
}

#[cfg(all(feature = "vsock", target_os = "linux"))]
impl fmt::Display for VsockAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cid, port } = self;
        write!(f, "vsock:{cid}:{port}")
    }
}
