//! The sockets on which the NBD server and other exports listen.

use std::fs;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nbd::{Server, ServerOptions};
use qapi_core::Result;

use crate::schema::socket_address::{InetSocketAddress, SocketAddress, UnixSocketAddress};
use crate::{messages, options};

/// The length of a name that is not tight: the zero byte before it is not counted.
const ABSTRACT_NAME: usize = 107;

/// A server that listens, and the file of its socket.
pub(super) struct Listening {
    pub(super) server: Server,
    _file: Option<SocketFile>,
}

/// The file of a socket. It is removed when this is dropped.
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "a socket cannot be removed");
        }
    }
}

/// Starts a server at an address.
pub(super) fn listen(address: &SocketAddress, options: ServerOptions) -> Result<Listening> {
    let (server, file) = match address {
        SocketAddress::Unix(address) => {
            let (listener, file) = unix(address)?;
            (Server::unix(listener, options), file)
        }
        SocketAddress::Inet(address) => (Server::tcp(inet(address)?, options), None),
        SocketAddress::Fd(_) => return Err(messages::no_descriptor_passing()),
        SocketAddress::Vsock(_) => return Err(messages::not_supported("addr.type=vsock")),
    };
    Ok(Listening { server: server?, _file: file })
}

/// Listens on a Unix socket.
pub(super) fn unix(address: &UnixSocketAddress) -> Result<(UnixListener, Option<SocketFile>)> {
    let failed = |error: io::Error| messages::cannot_bind(&address.path, error);
    if address.is_abstract == Some(true) {
        let mut name = address.path.clone().into_bytes();
        if address.tight == Some(false) {
            name.resize(ABSTRACT_NAME, 0);
        }
        let listener = SocketAddr::from_abstract_name(name)
            .and_then(|name| UnixListener::bind_addr(&name))
            .map_err(failed)?;
        return Ok((listener, None));
    }
    let path = Path::new(&address.path);
    remove_stale(path).map_err(failed)?;
    let listener = UnixListener::bind(path).map_err(failed)?;
    Ok((listener, Some(SocketFile(path.to_owned()))))
}

/// Removes the file of a socket on which no program listens.
fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let is_stale = is_socket
        && UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if is_stale { fs::remove_file(path) } else { Ok(()) }
}

fn inet(address: &InetSocketAddress) -> Result<TcpListener> {
    let InetSocketAddress { host, port, to, ipv4, ipv6, .. } = address;
    let first: u16 = port.parse().map_err(|_| options::messages::unknown_port(host, port))?;
    let is_allowed = |found: &std::net::SocketAddr| match (ipv4, ipv6) {
        (None, None) | (Some(true), Some(true)) => true,
        (Some(true), _) | (None, Some(false)) => found.is_ipv4(),
        (Some(false), _) | (None, Some(true)) => found.is_ipv6(),
    };
    let host_name = if host.is_empty() { "::" } else { host };
    let mut failure = None;
    for port in first..=to.unwrap_or(first).max(first) {
        let found = (host_name, port).to_socket_addrs()?;
        for address in found.filter(is_allowed) {
            match TcpListener::bind(address) {
                Ok(listener) => return Ok(listener),
                Err(error) => failure = Some(error),
            }
        }
    }
    Err(match failure {
        Some(error) => messages::cannot_bind(&format!("{host}:{port}"), error),
        None => messages::cannot_bind(&format!("{host}:{port}"), io::ErrorKind::NotFound.into()),
    })
}
