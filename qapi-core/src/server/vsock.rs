//! Vsock: connections between a host and its virtual machines, without a network. Linux only.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use super::address::VsockAddress;
use super::error::ServeError;
use crate::call::peer::Peer;

/// The number of connections that wait until the server accepts them, as for TCP.
const BACKLOG: i32 = 128;

/// Binds a listening socket.
///
/// # Errors
/// The port is taken, or the system has no vsock.
pub(super) fn bind(address: VsockAddress) -> Result<Socket, ServeError> {
    let bound = || {
        let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
        socket.bind(&SockAddr::vsock(address.cid, address.port))?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    let socket =
        bound().map_err(|source| ServeError::Bind { address: address.to_string(), source })?;
    tracing::info!(%address, "listening: the policy decides which machines may connect");
    Ok(socket)
}

/// A listening socket that the process inherited.
pub(super) fn inherited(fd: OwnedFd) -> io::Result<Socket> {
    let socket = Socket::from(fd);
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The address to which the socket is bound.
pub(super) fn local_address(socket: &Socket) -> Option<VsockAddress> {
    let (cid, port) = socket.local_addr().ok()?.as_vsock_address()?;
    Some(VsockAddress { cid, port })
}

/// Connects, and blocks the thread until the connection is made. The kernel gives up after two
/// seconds.
pub(super) fn connect_blocking(address: VsockAddress) -> io::Result<Socket> {
    let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
    socket.connect(&SockAddr::vsock(address.cid, address.port))?;
    Ok(socket)
}

/// Connects.
pub(super) async fn connect(address: VsockAddress) -> io::Result<VsockStream> {
    let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let started = socket.connect(&SockAddr::vsock(address.cid, address.port));
    if let Err(error) = started
        && error.raw_os_error() != Some(libc::EINPROGRESS)
    {
        return Err(error);
    }
    let stream = VsockStream::new(socket)?;
    let _ = stream.0.writable().await?;
    match stream.0.get_ref().take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}

#[allow(deprecated, reason = "the minimum version of tokio has no other")]
fn register(socket: Socket) -> io::Result<AsyncFd<Socket>> {
    AsyncFd::new(socket)
}

/// A listening socket that is registered with the runtime.
#[derive(Debug)]
pub(super) struct VsockListener(AsyncFd<Socket>);

impl VsockListener {
    /// Registers `socket` with the current runtime.
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        register(socket).map(Self)
    }

    /// Waits for the next client.
    pub(super) async fn accept(&self) -> io::Result<VsockStream> {
        let (socket, _) = self.0.async_io(Interest::READABLE, Socket::accept).await?;
        VsockStream::new(socket)
    }
}

/// A connected socket that is registered with the runtime.
#[derive(Debug)]
pub(super) struct VsockStream(AsyncFd<Socket>);

impl VsockStream {
    /// Registers `socket` with the current runtime.
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        register(socket).map(Self)
    }

    /// The machine at the other end.
    pub(super) fn peer(&self) -> io::Result<Peer> {
        let address = self.0.get_ref().peer_addr()?;
        let (cid, _) = address.as_vsock_address().ok_or(io::ErrorKind::InvalidData)?;
        Ok(Peer::vsock(cid))
    }
}

impl AsyncRead for VsockStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.0.poll_read_ready(context))?;
            let unfilled = buffer.initialize_unfilled();
            // Without the guard's readiness the socket is polled again.
            if let Ok(read) = ready.try_io(|socket| socket.get_ref().read(unfilled)) {
                buffer.advance(read?);
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for VsockStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.0.poll_write_ready(context))?;
            // A client that has left is an error of the connection, and no signal.
            let send = |socket: &AsyncFd<Socket>| {
                socket.get_ref().send_with_flags(bytes, libc::MSG_NOSIGNAL)
            };
            if let Ok(sent) = ready.try_io(send) {
                return Poll::Ready(sent);
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Two connected streams. The family differs from vsock's, which a machine may lack; the
    /// system calls are the same.
    fn pair() -> (VsockStream, VsockStream) {
        let (one, two) = Socket::pair(Domain::UNIX, Type::STREAM, None).expect("sockets exist");
        (VsockStream::new(one).expect("it is new"), VsockStream::new(two).expect("it is new"))
    }

    #[tokio::test]
    async fn more_than_the_buffer_of_a_socket_arrives_in_order() {
        let (mut near, mut far) = pair();
        let sent: Vec<u8> = (0..4_000_000u32).map(|at| (at / 7 % 251) as u8).collect();
        let expected = sent.clone();
        let writing = tokio::spawn(async move {
            near.write_all(&sent).await?;
            near.shutdown().await
        });
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.expect("the connection lasts");
        writing.await.expect("the task ends").expect("all bytes are sent");
        assert!(received == expected);
    }

    #[tokio::test]
    async fn a_client_that_has_left_is_an_error() {
        let (mut near, far) = pair();
        drop(far);
        let error = near.write_all(b"{}").await.expect_err("the other end is closed");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert!(near.peer().is_err(), "the address is of another family");
    }
}
