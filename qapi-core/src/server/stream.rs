//! Connections: one interface to the sockets of every family and to standard input and output.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpStream as StdTcpStream;
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
#[cfg(target_os = "linux")]
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{TcpStream, UnixStream};

use super::client_count::TcpEnds;
use super::foreign_protocol::ForeignProtocols;
#[cfg(target_os = "linux")]
use super::peer_groups::peer_groups;
use super::tcp;
#[cfg(all(feature = "vsock", target_os = "linux"))]
use super::vsock::VsockStream;
use crate::call::fds::UNCLAIMED_LIMIT;
use crate::call::peer::{Peer, PeerCredentials};

/// A connected socket that is registered with the runtime.
#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    Vsock(VsockStream),
}

/// A connected socket that is not yet registered with a runtime.
#[derive(Debug)]
pub(super) enum StdStream {
    Unix(StdUnixStream),
    Tcp(StdTcpStream),
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    Vsock(socket2::Socket),
}

impl StdStream {
    /// Registers the socket with the current runtime.
    pub(super) fn into_stream(self) -> io::Result<Stream> {
        match self {
            Self::Unix(stream) => {
                stream.set_nonblocking(true)?;
                Ok(Stream::Unix(UnixStream::from_std(stream)?))
            }
            Self::Tcp(stream) => {
                stream.set_nonblocking(true)?;
                Stream::tcp(TcpStream::from_std(stream)?)
            }
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(socket) => VsockStream::new(socket).map(Stream::Vsock),
        }
    }
}

impl Stream {
    /// A TCP connection without Nagle's algorithm, which would delay small replies, and with
    /// keep-alive, which detects a host that no longer answers.
    pub(super) fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        tcp::keep_alive(&stream)?;
        Ok(Self::Tcp(stream))
    }

    /// The default treatment of HTTP and TLS: browsers can reach TCP ports,
    /// and proxies of virtual machine monitors connect HTTP clients to vsock ports.
    pub(super) fn default_foreign_protocols(&self) -> ForeignProtocols {
        match self {
            Self::Unix(_) => ForeignProtocols::Ignore,
            Self::Tcp(_) => ForeignProtocols::Disconnect,
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(_) => ForeignProtocols::Disconnect,
        }
    }

    /// The two ends of a TCP connection; `None` for other families, and for a client that has
    /// disconnected.
    pub(super) fn tcp_ends(&self) -> Option<TcpEnds> {
        match self {
            Self::Unix(_) => None,
            Self::Tcp(stream) => {
                Some(TcpEnds::new(stream.local_addr().ok()?, stream.peer_addr().ok()?))
            }
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(_) => None,
        }
    }

    /// The client at the other end; `None` where the family does not identify it.
    pub(super) fn peer(&self) -> io::Result<Option<Peer>> {
        match self {
            Self::Unix(stream) => peer_credentials(stream).map(|peer| Some(peer.into())),
            Self::Tcp(_) => Ok(None),
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(stream) => stream.peer().map(Some),
        }
    }

    /// Splits the stream into its two directions. A unix socket receives file descriptors if
    /// `fd_passing` is enabled.
    pub(super) fn split(self, fd_passing: FdPassing) -> (Source, Sink) {
        match self {
            Self::Unix(stream) => {
                let (reader, writer) = stream.into_split();
                (Source::Unix(reader, fd_passing), Box::new(writer))
            }
            Self::Tcp(stream) => {
                let (reader, writer) = stream.into_split();
                (Source::Bytes(Box::new(reader)), Box::new(writer))
            }
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(stream) => {
                let (reader, writer) = tokio::io::split(stream);
                (Source::Bytes(Box::new(reader)), Box::new(writer))
            }
        }
    }
}

/// The credentials of the process at the other end, when it connected.
pub(super) fn peer_credentials(socket: &UnixStream) -> io::Result<PeerCredentials> {
    let peer = socket.peer_cred()?;
    #[cfg(target_os = "linux")]
    let groups = peer_groups(socket.as_fd())?;
    #[cfg(not(target_os = "linux"))]
    let groups = Box::default();
    let (uid, gid, pid) = (peer.uid(), peer.gid(), peer.pid());
    Ok(PeerCredentials { uid, gid, pid, groups })
}

/// Whether a server receives file descriptors that clients send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FdPassing {
    Enabled,
    Disabled,
}

/// The direction to the client.
pub(super) type Sink = Box<dyn AsyncWrite + Send + Unpin>;

/// The direction from the client.
pub(super) enum Source {
    Bytes(Box<dyn AsyncRead + Send + Unpin>),
    Unix(OwnedReadHalf, FdPassing),
}

/// Completes when the client has closed both directions.
pub(super) type HangUp = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Source {
    /// Reads once into the front of `input` and returns the number of bytes, which is 0 at the end
    /// of input. Appends the file descriptors that arrived with the bytes to `fds`.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        input: &mut [u8],
        fds: &mut Vec<OwnedFd>,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Bytes(reader) => {
                let mut buffer = ReadBuf::new(input);
                ready!(Pin::new(reader).poll_read(context, &mut buffer))?;
                Poll::Ready(Ok(buffer.filled().len()))
            }
            Self::Unix(reader, FdPassing::Disabled) => {
                let mut buffer = ReadBuf::new(input);
                ready!(Pin::new(reader).poll_read(context, &mut buffer))?;
                Poll::Ready(Ok(buffer.filled().len()))
            }
            Self::Unix(reader, FdPassing::Enabled) => loop {
                let socket = reader.as_ref();
                ready!(socket.poll_read_ready(context))?;
                match socket.try_io(Interest::READABLE, || receive(socket, input, fds)) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return Poll::Ready(result),
                }
            },
        }
    }

    /// Waits until the client has closed both directions. `None` where the system reports only the
    /// end of the input.
    pub(super) fn hang_up(&self) -> Option<HangUp> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unix(reader, _) => {
                // The system always reports the end of both directions. With the interest in
                // priority data it reports nothing else for a unix socket.
                let socket = reader.as_ref().as_fd().try_clone_to_owned().ok()?;
                #[allow(deprecated, reason = "the minimum version of tokio has no other")]
                let socket = AsyncFd::with_interest(socket, Interest::PRIORITY).ok()?;
                Some(Box::pin(async move {
                    let _ = socket.ready(Interest::PRIORITY).await;
                }))
            }
            #[cfg(not(target_os = "linux"))]
            Self::Unix(..) => None,
            Self::Bytes(_) => None,
        }
    }
}

/// Receives bytes and file descriptors. The kernel closes descriptors beyond the limit.
fn receive(socket: &UnixStream, input: &mut [u8], fds: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(UNCLAIMED_LIMIT))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let result = recvmsg(socket, &mut [IoSliceMut::new(input)], &mut control, RECEIVE_FLAGS);
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    #[cfg(target_vendor = "apple")]
    for fd in fds.iter() {
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok(result?.bytes)
}

/// Programs that this process starts do not inherit received descriptors.
#[cfg(not(target_vendor = "apple"))]
const RECEIVE_FLAGS: RecvFlags = RecvFlags::CMSG_CLOEXEC;
/// Apple's systems lack the flag; [`receive`] sets it in a second step.
#[cfg(target_vendor = "apple")]
const RECEIVE_FLAGS: RecvFlags = RecvFlags::empty();
