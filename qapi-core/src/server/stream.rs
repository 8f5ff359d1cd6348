//! Connections of every kind, alike to what serves them.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpStream as StdTcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::fds::UNCLAIMED_LIMIT;
use crate::session::PeerCredentials;

/// A socket on which clients arrive.
#[derive(Debug)]
pub(super) enum Acceptor {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Acceptor {
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Unix(listener) => Ok(Stream::Unix(listener.accept().await?.0)),
            Self::Tcp(listener) => Stream::tcp(listener.accept().await?.0),
        }
    }
}

/// A connected socket.
#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// A connected socket before there is a runtime.
#[derive(Debug)]
pub(super) enum StdStream {
    Unix(StdUnixStream),
    Tcp(StdTcpStream),
}

impl StdStream {
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
        }
    }
}

impl Stream {
    /// Replies are small and waited for, so they leave at once.
    pub(super) fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream))
    }

    /// Who is at the other end, where the transport tells.
    pub(super) fn peer(&self) -> io::Result<Option<PeerCredentials>> {
        match self {
            Self::Unix(stream) => stream.peer_cred().map(|peer| {
                Some(PeerCredentials { uid: peer.uid(), gid: peer.gid(), pid: peer.pid() })
            }),
            Self::Tcp(_) => Ok(None),
        }
    }

    /// The two directions. File descriptors are received where `with_fds` says so and the
    /// transport can carry them.
    pub(super) fn split(self, with_fds: bool) -> (Source, Sink) {
        match self {
            Self::Unix(stream) => {
                let (reader, writer) = stream.into_split();
                let source = if with_fds {
                    Source::BytesAndFds(reader)
                } else {
                    Source::Bytes(Box::new(reader))
                };
                (source, Box::new(writer))
            }
            Self::Tcp(stream) => {
                let (reader, writer) = stream.into_split();
                (Source::Bytes(Box::new(reader)), Box::new(writer))
            }
        }
    }
}

/// Where output goes.
pub(super) type Sink = Box<dyn AsyncWrite + Send + Unpin>;

/// Where input comes from.
pub(super) enum Source {
    Bytes(Box<dyn AsyncRead + Send + Unpin>),
    BytesAndFds(OwnedReadHalf),
}

impl Source {
    /// Reads once into the front of `input`: how many bytes came; adds the descriptors that came
    /// with them.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        input: &mut [u8],
        fds: &mut Vec<OwnedFd>,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Bytes(reader) => {
                let mut room = ReadBuf::new(input);
                ready!(Pin::new(reader).poll_read(context, &mut room))?;
                Poll::Ready(Ok(room.filled().len()))
            }
            Self::BytesAndFds(reader) => loop {
                let socket = reader.as_ref();
                ready!(socket.poll_read_ready(context))?;
                match socket.try_io(Interest::READABLE, || receive(socket, input, fds)) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return Poll::Ready(result),
                }
            },
        }
    }
}

/// Receives what is there. The kernel closes descriptors for which there is no room.
fn receive(socket: &UnixStream, input: &mut [u8], fds: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(UNCLAIMED_LIMIT))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let result =
        recvmsg(socket, &mut [IoSliceMut::new(input)], &mut control, RecvFlags::CMSG_CLOEXEC);
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    Ok(result?.bytes)
}
