//! Creates the listener of a socket that the command line describes.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qapi_core::server::{ClientAddress, InheritedSocket};
use qapi_core::{Listener, Result};

use crate::options::messages;
use crate::options::{SocketAddress, SocketOptions, SocketRole, TcpAddress};
use crate::schema::socket_address::{
    self, FdSocketAddress, InetSocketAddress, UnixSocketAddress,
};

/// The address in the form of the schema, and whether the program listens there.
pub(super) fn described(
    SocketOptions { address, role }: &SocketOptions,
) -> (socket_address::SocketAddress, bool) {
    let address = match address {
        SocketAddress::Unix(path) => {
            let path = path.display().to_string();
            let unix = UnixSocketAddress { path, is_abstract: None, tight: None };
            socket_address::SocketAddress::Unix(unix)
        }
        SocketAddress::Abstract(name) => {
            // A name that is not tight is filled with zero bytes.
            let end = name.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            socket_address::SocketAddress::Unix(UnixSocketAddress {
                path: String::from_utf8_lossy(&name[..end]).into_owned(),
                is_abstract: Some(true),
                tight: Some(end == name.len()),
            })
        }
        SocketAddress::Tcp(address) => socket_address::SocketAddress::Inet(InetSocketAddress {
            host: address.host.clone(),
            port: address.port.to_string(),
            to: (address.to > address.port).then_some(address.to),
            ipv4: (address.ipv4 && !address.ipv6).then_some(true),
            ipv6: (address.ipv6 && !address.ipv4).then_some(true),
            ..InetSocketAddress::default()
        }),
        SocketAddress::Fd(fd) => {
            socket_address::SocketAddress::Fd(FdSocketAddress { str: fd.to_string() })
        }
    };
    let is_server = match role {
        SocketRole::Server { .. } => true,
        SocketRole::Client { .. } => false,
    };
    (address, is_server)
}

/// Listens or connects, depending on the role. With `wait=on`, waits for the first client.
pub(super) async fn socket(SocketOptions { address, role }: SocketOptions) -> Result<Listener> {
    match role {
        SocketRole::Server { wait } => {
            let listener = listen(&address)?;
            if wait {
                listener.wait_for_client().await?;
            }
            Ok(listener)
        }
        SocketRole::Client { reconnect } => connect(address, reconnect).await,
    }
}

fn listen(address: &SocketAddress) -> Result<Listener> {
    Ok(match address {
        SocketAddress::Unix(path) => Listener::unix(as_file(path))?,
        SocketAddress::Abstract(name) => Listener::unix_abstract(name)?,
        SocketAddress::Tcp(address) => listen_tcp(address)?,
        SocketAddress::Fd(fd) => Listener::inherited(*fd, InheritedSocket::Listening)?,
    })
}

async fn connect(address: SocketAddress, reconnect: Option<Duration>) -> Result<Listener> {
    let address = match address {
        SocketAddress::Unix(path) => ClientAddress::Unix(path),
        SocketAddress::Abstract(name) => ClientAddress::Abstract(name),
        SocketAddress::Tcp(address) => ClientAddress::Tcp(resolve(&address, address.port)?),
        SocketAddress::Fd(fd) => {
            return Ok(Listener::inherited(fd, InheritedSocket::Connected)?);
        }
    };
    match reconnect {
        Some(interval) => Ok(Listener::reconnecting(address, interval)),
        None => {
            let connected =
                tokio::task::spawn_blocking(move || Listener::connect(&address)).await;
            Ok(connected.map_err(io::Error::from)??)
        }
    }
}

/// The path of a socket file. Prepends `./` to a path that begins with `@`, because the server
/// would take such a path for an abstract name. On the command line, only `abstract=on` selects an
/// abstract socket.
fn as_file(path: &Path) -> PathBuf {
    if path.as_os_str().as_bytes().starts_with(b"@") {
        Path::new(".").join(path)
    } else {
        path.to_owned()
    }
}

/// Listens on the first free port of the range.
fn listen_tcp(address: &TcpAddress) -> Result<Listener> {
    let mut last = messages::no_free_port();
    for port in address.port..=address.to.max(address.port) {
        match Listener::tcp_exposed(resolve(address, port)?.as_slice()) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// The addresses of the host, for the IP versions that the options allow.
fn resolve(address: &TcpAddress, port: u16) -> Result<Vec<SocketAddr>> {
    let host = address.host.as_str();
    let failure = |reason: &str| messages::cannot_resolve(host, port, reason);
    let found = if host.is_empty() {
        vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]
    } else {
        let found = (host, port).to_socket_addrs().map_err(|error| {
            let text = error.to_string();
            let lookup = "failed to lookup address information: ";
            failure(text.strip_prefix(lookup).unwrap_or(&text))
        })?;
        found.collect()
    };
    let is_allowed =
        |found: &SocketAddr| if found.is_ipv4() { address.ipv4 } else { address.ipv6 };
    let found: Vec<SocketAddr> = found.into_iter().filter(is_allowed).collect();
    if found.is_empty() {
        return Err(failure("Address family for hostname not supported"));
    }
    Ok(found)
}
