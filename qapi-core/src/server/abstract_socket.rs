//! Abstract unix sockets, which have a name and no file. Linux only.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use super::error::ServeError;
use super::unix::BoundSocket;

/// The name of the abstract socket, if `path` has the form `@name`.
pub(super) fn abstract_name(path: &Path) -> Option<&[u8]> {
    path.as_os_str().as_bytes().strip_prefix(b"@")
}

/// The address of the abstract socket `name`.
///
/// # Errors
/// The name is longer than 107 bytes.
pub(super) fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(name)
}

/// Listens on the abstract socket `name`, to which every process in the network namespace may
/// connect.
///
/// # Errors
/// [`ServeError::Bind`]: the name is taken or too long.
pub(super) fn bind_abstract(name: &[u8]) -> Result<BoundSocket, ServeError> {
    listen(name).map(BoundSocket::without_file).map_err(|source| {
        let address = format!("@{}", String::from_utf8_lossy(name));
        ServeError::Bind { address, source }
    })
}

fn listen(name: &[u8]) -> io::Result<UnixListener> {
    let listener = UnixListener::bind_addr(&abstract_address(name)?)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
