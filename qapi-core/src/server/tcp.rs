//! TCP, which has no authentication: whoever reaches the port may do everything.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use crate::error::{Error, Result};

/// Listens on the first of the addresses on which that is possible.
///
/// # Errors
/// There is none; the error is that of the last.
pub(super) fn bind(addresses: impl ToSocketAddrs) -> Result<TcpListener> {
    let addresses: Vec<SocketAddr> = addresses.to_socket_addrs()?.collect();
    let listener = TcpListener::bind(addresses.as_slice()).and_then(|listener| {
        listener.set_nonblocking(true)?;
        tell_of_exposure(listener.local_addr()?);
        Ok(listener)
    });
    listener.map_err(|error| {
        let names: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        Error::from(error).context(format!("Failed to bind socket to {}", names.join(", ")))
    })
}

/// Says in the log who may connect.
pub(super) fn tell_of_exposure(address: SocketAddr) {
    if address.ip().is_loopback() {
        tracing::info!(%address, "listening without authentication: every local user may connect");
    } else {
        tracing::warn!(%address, "listening without authentication: every host that reaches this \
                                  address may connect");
    }
}
