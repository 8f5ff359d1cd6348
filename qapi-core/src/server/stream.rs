//! Connections of every kind, alike to what serves them.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpStream as StdTcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Interest};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::fds::UNCLAIMED_LIMIT;
use crate::session::PeerCredentials;

/// How much is read at once. A client's burst of small commands fits, so that all its replies
/// leave in one write; ten thousand idle clients still cost little, as the buffer is only grown
/// to this while a client sends.
const READ_SIZE: usize = 16 << 10;

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
    /// Waits for input and appends it: bytes, and the descriptors that came with them. Nothing is
    /// lost where the wait is given up.
    pub(super) async fn read(
        &mut self,
        input: &mut Vec<u8>,
        fds: &mut Vec<OwnedFd>,
    ) -> io::Result<usize> {
        match self {
            Self::Bytes(reader) => {
                input.reserve(READ_SIZE);
                reader.take(READ_SIZE as u64).read_buf(input).await
            }
            Self::BytesAndFds(reader) => loop {
                reader.readable().await?;
                let received = reader
                    .as_ref()
                    .try_io(Interest::READABLE, || receive(reader.as_ref(), input, fds));
                match received {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return result,
                }
            },
        }
    }
}

/// Receives what is there. The kernel closes descriptors for which there is no room.
fn receive(
    socket: &UnixStream,
    input: &mut Vec<u8>,
    fds: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let start = input.len();
    input.resize(start + READ_SIZE, 0);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(UNCLAIMED_LIMIT))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let room = input.get_mut(start..).unwrap_or_default();
    let result =
        recvmsg(socket, &mut [IoSliceMut::new(room)], &mut control, RecvFlags::CMSG_CLOEXEC);
    let count = result.as_ref().map_or(0, |message| message.bytes);
    input.truncate(start + count);
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    result?;
    Ok(count)
}
