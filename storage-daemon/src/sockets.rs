//! Sockets on which the program listens, at the addresses of QEMU's `sockets.json`.

use std::fs;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use qapi_core::Result;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::schema::socket_address::{InetSocketAddress, UnixSocketAddress};
use crate::{messages, options};

/// The length of a name that is not tight: the zero byte before it is not counted.
const ABSTRACT_NAME: usize = 107;

/// The number of connections that may wait to be accepted.
const BACKLOG: i32 = 128;

/// The file of a socket. It is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "a socket cannot be removed");
        }
    }
}

/// Listens on a UNIX socket. Blocks.
///
/// # Errors
/// The address cannot be bound, or another program listens there.
pub(crate) fn listen_unix(
    address: &UnixSocketAddress,
) -> Result<(UnixListener, Option<SocketFile>)> {
    let failed = |error: io::Error| messages::cannot_bind(&address.path, error);
    if address.is_abstract == Some(true) {
        let listener = UnixListener::bind_addr(&unix_address(address)?).map_err(failed)?;
        return Ok((listener, None));
    }
    if address.path.is_empty() {
        return Err(messages::socket_path_empty());
    }
    let path = Path::new(&address.path);
    let name = SocketAddrUnix::new(path);
    let name = name.map_err(|_| messages::socket_path_too_long(&address.path))?;
    remove_stale(path, &name).map_err(failed)?;
    let listener = bind_path(&name).map_err(|error| failed(error.into()))?;
    Ok((listener, Some(SocketFile(path.to_owned()))))
}

/// As [`UnixListener::bind`], for paths of the full length of 108 bytes too.
fn bind_path(name: &SocketAddrUnix) -> rustix::io::Result<UnixListener> {
    let flags = SocketFlags::CLOEXEC;
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    net::bind(&socket, name)?;
    net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

/// The address of a UNIX socket in the form of the system.
///
/// # Errors
/// The path or the name is too long, or the path is empty.
pub(crate) fn unix_address(address: &UnixSocketAddress) -> Result<SocketAddr> {
    let too_long = |_| messages::socket_path_too_long(&address.path);
    if address.is_abstract != Some(true) {
        // The system would choose an abstract name, which has no permissions.
        if address.path.is_empty() {
            return Err(messages::socket_path_empty());
        }
        return SocketAddr::from_pathname(&address.path).map_err(too_long);
    }
    let mut name = address.path.clone().into_bytes();
    if address.tight == Some(false) {
        name.resize(ABSTRACT_NAME.max(name.len()), 0);
    }
    SocketAddr::from_abstract_name(name).map_err(too_long)
}

/// Removes the file of a socket on which no program listens.
fn remove_stale(path: &Path, name: &SocketAddrUnix) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    // A program that listens may be slow to accept.
    let connect = || {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        net::connect(&socket, name)
    };
    let is_stale = is_socket && connect() == Err(Errno::CONNREFUSED);
    if is_stale { fs::remove_file(path) } else { Ok(()) }
}

/// Listens on the first free port of a range. Blocks while the host is resolved.
///
/// # Errors
/// The port is malformed, the host cannot be resolved, or no port is free.
pub(crate) fn listen_inet(address: &InetSocketAddress) -> Result<TcpListener> {
    let first = port(address)?;
    let mut failure = io::ErrorKind::NotFound.into();
    for port in first..=address.to.unwrap_or(first).max(first) {
        for found in resolve(address, port)? {
            match TcpListener::bind(found) {
                Ok(listener) => return Ok(listener),
                Err(error) => failure = error,
            }
        }
    }
    Err(messages::no_available_port(failure))
}

/// The port.
///
/// # Errors
/// It is no number.
pub(crate) fn port(InetSocketAddress { host, port, .. }: &InetSocketAddress) -> Result<u16> {
    port.parse().map_err(|_| options::messages::unknown_port(host, port))
}

/// The addresses of a host for the versions of the protocol that may be used. Blocks.
///
/// # Errors
/// The host cannot be resolved.
pub(crate) fn resolve(
    InetSocketAddress { host, ipv4, ipv6, .. }: &InetSocketAddress,
    port: u16,
) -> Result<Vec<std::net::SocketAddr>> {
    let is_allowed = |found: &std::net::SocketAddr| match (ipv4, ipv6) {
        (None, None) | (Some(true), Some(true)) => true,
        (Some(true), _) | (None, Some(false)) => found.is_ipv4(),
        (Some(false), _) | (None, Some(true)) => found.is_ipv6(),
    };
    let host_name = if host.is_empty() { "::" } else { host };
    Ok((host_name, port).to_socket_addrs()?.filter(is_allowed).collect())
}
