//! TCP sockets, which have no authentication: every host that reaches the port may connect.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;

use super::error::ServeError;

/// The time without traffic after which the kernel asks the other host whether it is alive.
const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(60);

/// The time between two such questions.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// The number of questions without an answer after which the connection fails.
const KEEP_ALIVE_COUNT: u32 = 6;

/// Enables keep-alive, so that a client whose host vanished loses its place after two minutes.
pub(super) fn keep_alive(socket: impl AsFd) -> io::Result<()> {
    sockopt::set_socket_keepalive(&socket, true)?;
    // Some systems lack one of the options, and use two hours.
    let _ = sockopt::set_tcp_keepidle(&socket, KEEP_ALIVE_IDLE);
    let _ = sockopt::set_tcp_keepintvl(&socket, KEEP_ALIVE_INTERVAL);
    let _ = sockopt::set_tcp_keepcnt(&socket, KEEP_ALIVE_COUNT);
    Ok(())
}

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
