//! `--chardev socket`: the address of a socket, and this program's role.

use std::path::PathBuf;
use std::time::Duration;

use qapi_core::Result;

use super::parameters::Parameters;
use crate::options::messages;

/// The longest path of a UNIX socket in bytes: the size of `sun_path` in the kernel's `struct
/// sockaddr_un`, which a path fills without a zero byte at its end.
pub(super) const SOCKET_PATH_LIMIT: usize = 108;

/// A socket, as the command line describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketOptions {
    /// The address.
    pub address: SocketAddress,
    /// The role of this program.
    pub role: SocketRole,
}

/// The address of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAddress {
    /// A UNIX socket with a path.
    Unix(PathBuf),
    /// A UNIX socket with an abstract name.
    Abstract(Vec<u8>),
    /// A TCP port of a host.
    Tcp(TcpAddress),
    /// A file descriptor that this program inherits.
    Fd(i32),
}

/// A TCP port of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpAddress {
    /// The host's name or address; empty for all addresses of this host.
    pub host: String,
    /// The port, or the first port to try.
    pub port: u16,
    /// The last port to try if the earlier ports are in use.
    pub to: u16,
    /// Whether IPv4 addresses are used.
    pub ipv4: bool,
    /// Whether IPv6 addresses are used.
    pub ipv6: bool,
}

/// The role of this program at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketRole {
    /// This program listens.
    Server {
        /// Whether the program waits for the first client before it carries out later options.
        wait: bool,
    },
    /// This program connects.
    Client {
        /// The delay before this program connects again after a disconnect. If absent, this
        /// program connects only once.
        reconnect: Option<Duration>,
    },
}

/// The socket that the parameters describe.
pub(super) fn socket(parameters: &Parameters) -> Result<SocketOptions> {
    if parameters.delay.is_some() && parameters.nodelay.is_some() {
        return Err(messages::mutually_exclusive("delay", "nodelay"));
    }
    let role = role(parameters)?;
    Ok(SocketOptions { address: address(parameters)?, role })
}

fn role(parameters: &Parameters) -> Result<SocketRole> {
    if parameters.reconnect.is_some() && parameters.reconnect_ms.is_some() {
        return Err(messages::mutually_exclusive("reconnect", "reconnect-ms"));
    }
    let milliseconds =
        parameters.reconnect_ms.or(parameters.reconnect.map(|s| s.saturating_mul(1000)));
    let reconnect = milliseconds.filter(|&ms| ms > 0).map(Duration::from_millis);
    if parameters.server == Some(true) {
        if reconnect.is_some() {
            return Err(messages::reconnect_as_server());
        }
        return Ok(SocketRole::Server { wait: parameters.wait.unwrap_or(true) });
    }
    if parameters.wait.is_some() {
        return Err(messages::wait_without_server());
    }
    Ok(SocketRole::Client { reconnect })
}

fn address(parameters: &Parameters) -> Result<SocketAddress> {
    let Parameters { path, fd, host, port, .. } = parameters;
    match (path, fd, host, port) {
        (Some(path), None, None, _) => unix(path, parameters),
        (None, Some(fd), None, _) => {
            fd.parse().map(SocketAddress::Fd).map_err(|_| messages::not_an_fd(fd))
        }
        // The loopback interface by default, as TCP has no authentication.
        (None, None, host, Some(port)) => {
            tcp(host.as_deref().unwrap_or("127.0.0.1"), port, parameters).map(SocketAddress::Tcp)
        }
        (None, None, Some(_), None) => Err(messages::socket_without_port()),
        (None, None, None, None) => Err(messages::socket_without_address()),
        _ => Err(messages::more_than_one_address()),
    }
}

fn unix(path: &str, parameters: &Parameters) -> Result<SocketAddress> {
    let is_abstract = parameters.is_abstract == Some(true);
    // A zero byte precedes the name of an abstract socket.
    let limit = SOCKET_PATH_LIMIT - usize::from(is_abstract);
    if path.len() > limit {
        return Err(messages::socket_path_too_long(path, limit));
    }
    if !is_abstract {
        return Ok(SocketAddress::Unix(path.into()));
    }
    let mut name = path.as_bytes().to_vec();
    if parameters.tight == Some(false) {
        name.resize(SOCKET_PATH_LIMIT - 1, 0);
    }
    Ok(SocketAddress::Abstract(name))
}

fn tcp(host: &str, port: &str, parameters: &Parameters) -> Result<TcpAddress> {
    let number = port.parse().map_err(|_| messages::unknown_port(host, port))?;
    let to = parameters.to.map_or(number, |to| u16::try_from(to).unwrap_or(u16::MAX));
    let (ipv4, ipv6) = match (parameters.ipv4, parameters.ipv6) {
        (Some(false), Some(false)) => return Err(messages::no_internet_protocol()),
        (None, None) => (true, true),
        (ipv4, None) => (ipv4 == Some(true), ipv4 == Some(false)),
        (None, ipv6) => (ipv6 == Some(false), ipv6 == Some(true)),
        (ipv4, ipv6) => (ipv4 == Some(true), ipv6 == Some(true)),
    };
    Ok(TcpAddress { host: host.to_owned(), port: number, to, ipv4, ipv6 })
}
