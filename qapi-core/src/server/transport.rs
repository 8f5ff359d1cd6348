//! The ways in which clients reach a server.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

use rustix::event::{PollFd, PollFlags};
use tokio::net::{TcpListener as AsyncTcpListener, UnixListener as AsyncUnixListener};

use super::connect::Outgoing;
use super::in_process::Connections;
use super::stream::{StdStream, Stream};
use super::unix::BoundSocket;
#[cfg(all(feature = "vsock", target_os = "linux"))]
use super::vsock::{self, VsockListener};

/// How clients reach a server.
#[derive(Debug)]
pub(super) enum Transport {
    /// Any number of clients connect to a socket.
    Listening(ListeningSocket),
    /// One client is connected.
    Connected(StdStream),
    /// The server connects to one client.
    Connecting(Outgoing),
    /// Clients within the process connect through a channel.
    InProcess(Connections),
    /// One client uses standard input and output.
    Stdio,
}

/// A listening socket that is not yet registered with a runtime.
#[derive(Debug)]
pub(super) enum ListeningSocket {
    Unix(BoundSocket),
    Tcp(TcpListener),
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    Vsock(socket2::Socket),
}

/// A listening socket that is registered with the runtime.
#[derive(Debug)]
pub(super) enum AsyncListener {
    Unix(AsyncUnixListener),
    Tcp(AsyncTcpListener),
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    Vsock(VsockListener),
}

impl Transport {
    /// The default name of a listener: its address, or the kind of its connection.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Listening(ListeningSocket::Tcp(listener)) => {
                listener.local_addr().map(|address| address.to_string()).unwrap_or_default()
            }
            Self::Listening(ListeningSocket::Unix(bound)) => bound.name(),
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Listening(ListeningSocket::Vsock(socket)) => vsock::local_address(socket)
                .map(|address| address.to_string())
                .unwrap_or_default(),
            Self::Connected(_) => "connection".to_owned(),
            Self::Connecting(outgoing) => outgoing.address.to_string(),
            Self::InProcess(_) => "in-process".to_owned(),
            Self::Stdio => "stdio".to_owned(),
        }
    }
}

impl ListeningSocket {
    /// A second handle to the socket, registered with the current runtime.
    pub(super) fn async_listener(&self) -> io::Result<AsyncListener> {
        Ok(match self {
            Self::Unix(bound) => AsyncListener::Unix(bound.listener.try_clone()?.try_into()?),
            Self::Tcp(listener) => AsyncListener::Tcp(listener.try_clone()?.try_into()?),
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(socket) => AsyncListener::Vsock(VsockListener::new(socket.try_clone()?)?),
        })
    }

    /// Waits until a client can be accepted, on a blocking thread.
    pub(super) async fn wait_for_client(&self) -> io::Result<()> {
        let socket: OwnedFd = match self {
            Self::Unix(bound) => bound.listener.try_clone()?.into(),
            Self::Tcp(listener) => listener.try_clone()?.into(),
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(socket) => socket.try_clone()?.into(),
        };
        tokio::task::spawn_blocking(move || {
            rustix::event::poll(&mut [PollFd::new(&socket, PollFlags::IN)], None)
        })
        .await??;
        Ok(())
    }
}

impl AsyncListener {
    /// Waits for the next client.
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Unix(listener) => Ok(Stream::Unix(listener.accept().await?.0)),
            Self::Tcp(listener) => Stream::tcp(listener.accept().await?.0),
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Self::Vsock(listener) => listener.accept().await.map(Stream::Vsock),
        }
    }
}

impl From<UnixListener> for ListeningSocket {
    /// The server does not remove the socket's file, which belongs to its creator.
    fn from(listener: UnixListener) -> Self {
        Self::Unix(BoundSocket::without_file(listener))
    }
}
