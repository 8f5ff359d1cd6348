//! Sockets that the program passes in as file descriptors.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};

use rustix::net::sockopt::socket_type;
use rustix::net::{AddressFamily, SocketType, getsockname};

use super::error::ServeError;
use super::stream::StdStream;
use super::tcp;
use super::transport::{ListeningSocket, Transport};
#[cfg(all(feature = "vsock", target_os = "linux"))]
use super::vsock;

/// The transport for a socket that listens.
///
/// # Errors
/// The socket does not listen, or is not a stream socket of a family that the server supports.
pub(super) fn listening(fd: OwnedFd) -> Result<Transport, ServeError> {
    check_listens(&fd)?;
    Ok(Transport::Listening(match stream_family(&fd)? {
        StreamFamily::Unix => {
            let listener = UnixListener::from(fd);
            listener.set_nonblocking(true)?;
            listener.into()
        }
        StreamFamily::Tcp => {
            let listener = TcpListener::from(fd);
            listener.set_nonblocking(true)?;
            tcp::log_exposure(listener.local_addr()?);
            ListeningSocket::Tcp(listener)
        }
        #[cfg(all(feature = "vsock", target_os = "linux"))]
        StreamFamily::Vsock => ListeningSocket::Vsock(vsock::inherited(fd)?),
    }))
}

/// The transport for a socket that is connected.
///
/// # Errors
/// The socket is not a stream socket of a family that the server supports.
pub(super) fn connected(fd: OwnedFd) -> Result<Transport, ServeError> {
    Ok(Transport::Connected(match stream_family(&fd)? {
        StreamFamily::Unix => StdStream::Unix(UnixStream::from(fd)),
        StreamFamily::Tcp => StdStream::Tcp(TcpStream::from(fd)),
        #[cfg(all(feature = "vsock", target_os = "linux"))]
        StreamFamily::Vsock => StdStream::Vsock(fd.into()),
    }))
}

/// Checks that the socket listens. Apple's systems do not report this; on them the first `accept`
/// fails instead.
fn check_listens(fd: &OwnedFd) -> Result<(), ServeError> {
    #[cfg(not(target_vendor = "apple"))]
    if !rustix::net::sockopt::socket_acceptconn(fd).map_err(io::Error::from)? {
        return Err(ServeError::NotListening);
    }
    #[cfg(target_vendor = "apple")]
    let _ = fd;
    Ok(())
}

/// The families of stream sockets that the server supports.
enum StreamFamily {
    Unix,
    Tcp,
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    Vsock,
}

fn stream_family(fd: &OwnedFd) -> Result<StreamFamily, ServeError> {
    if socket_type(fd).map_err(io::Error::from)? != SocketType::STREAM {
        return Err(ServeError::UnsupportedSocket);
    }
    match getsockname(fd).map_err(io::Error::from)?.address_family() {
        AddressFamily::UNIX => Ok(StreamFamily::Unix),
        AddressFamily::INET | AddressFamily::INET6 => Ok(StreamFamily::Tcp),
        #[cfg(all(feature = "vsock", target_os = "linux"))]
        AddressFamily::VSOCK => Ok(StreamFamily::Vsock),
        _ => Err(ServeError::UnsupportedSocket),
    }
}
