//! TCP sockets, which have no authentication: every host that reaches the port may connect.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use super::error::ServeError;

/// Binds a listening socket to the first of `addresses` that is free.
///
/// # Errors
/// The name of the host is unknown, or no address is free; the error is that of the last address.
pub(super) fn bind(addresses: impl ToSocketAddrs) -> Result<TcpListener, ServeError> {
    let addresses: Vec<SocketAddr> = addresses.to_socket_addrs()?.collect();
    bind_first(&addresses).map_err(|source| {
        let names: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        ServeError::Bind { address: names.join(", "), source }
    })
}

fn bind_first(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(addresses)?;
    listener.set_nonblocking(true)?;
    log_exposure(listener.local_addr()?);
    Ok(listener)
}

/// Logs which hosts may connect.
pub(super) fn log_exposure(address: SocketAddr) {
    if address.ip().is_loopback() {
        tracing::info!(%address, "listening without authentication: every local user may connect");
    } else {
        tracing::warn!(%address, "listening without authentication: every host that reaches this \
                                  address may connect");
    }
}
