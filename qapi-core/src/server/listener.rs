//! Where clients come from.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use super::connect::{ClientAddress, Outgoing};
use super::stream::{Acceptor, StdStream};
use super::unix::{BoundSocket, SocketAccess};
use super::{inherited, tcp, unix};
use crate::error::Result;

/// Where clients come from.
#[derive(Debug)]
pub struct Listener {
    pub(super) transport: Transport,
    pub(super) pretty: bool,
}

#[derive(Debug)]
pub(super) enum Transport {
    /// Any number of clients come.
    Listening(Bound),
    /// One client is there.
    Connected(StdStream),
    /// One client is gone out to.
    Connecting(Outgoing),
    /// One client is at standard input and output.
    Stdio,
}

/// A socket that listens.
#[derive(Debug)]
pub(super) enum Bound {
    Unix(BoundSocket),
    Tcp(TcpListener),
}

impl Bound {
    /// The socket to accept clients from, for the runtime that awaits this.
    pub(super) fn acceptor(&self) -> std::io::Result<Acceptor> {
        Ok(match self {
            Self::Unix(bound) => Acceptor::Unix(bound.listener.try_clone()?.try_into()?),
            Self::Tcp(listener) => Acceptor::Tcp(listener.try_clone()?.try_into()?),
        })
    }

    /// Waits until a client has come.
    async fn client_waiting(&self) -> std::io::Result<()> {
        let socket: OwnedFd = match self {
            Self::Unix(bound) => bound.listener.try_clone()?.into(),
            Self::Tcp(listener) => listener.try_clone()?.into(),
        };
        tokio::task::spawn_blocking(move || {
            rustix::event::poll(&mut [PollFd::new(&socket, PollFlags::IN)], None)
        })
        .await??;
        Ok(())
    }
}

impl Listener {
    fn new(transport: Transport) -> Self {
        Self { transport, pretty: false }
    }

    /// Makes a unix socket at `path`, open to its owner alone, and listens at once; clients are
    /// served once the server runs. The file is removed when the server ends.
    ///
    /// A `path` that begins with `@` is a name outside the file system, as in
    /// [`unix_abstract`](Self::unix_abstract).
    ///
    /// # Errors
    /// The path is taken by something other than the socket of a daemon that is gone, or no
    /// socket can be made there.
    pub fn unix(path: impl AsRef<Path>) -> Result<Self> {
        Self::unix_with(path, SocketAccess::default())
    }

    /// As [`unix`](Self::unix), open to those that `access` names.
    ///
    /// # Errors
    /// Those of [`unix`](Self::unix); or the file cannot be given to its owner.
    pub fn unix_with(path: impl AsRef<Path>, access: SocketAccess) -> Result<Self> {
        let path = path.as_ref();
        if let Some(name) = path.as_os_str().as_bytes().strip_prefix(b"@") {
            return Self::unix_abstract(name);
        }
        Ok(Self::new(Transport::Listening(Bound::Unix(unix::bind(path, access)?))))
    }

    /// Listens on a unix socket with a name outside the file system, which Linux has. There are
    /// no permissions there; clients are asked who they are all the same.
    ///
    /// # Errors
    /// The name is taken, or longer than 107 bytes.
    pub fn unix_abstract(name: impl AsRef<[u8]>) -> Result<Self> {
        let bound = unix::bind_abstract(name.as_ref())?;
        Ok(Self::new(Transport::Listening(Bound::Unix(bound))))
    }

    /// Listens on `port` of the loopback interface; on any free one where it is 0, which
    /// [`tcp_address`](Self::tcp_address) then tells.
    ///
    /// **TCP has no authentication**: every user of this machine may connect, and do all that
    /// the commands can do. The log says so too.
    ///
    /// # Errors
    /// The port is taken.
    pub fn tcp(port: u16) -> Result<Self> {
        Self::tcp_exposed((Ipv4Addr::LOCALHOST, port))
    }

    /// Listens on the first of `addresses` that can be had, whoever may reach it.
    ///
    /// **TCP has no authentication**, and no encryption: with an address other than loopback,
    /// whole networks may do all that the commands can do. The log warns of it.
    ///
    /// # Errors
    /// The name of the host is unknown, or none of the addresses can be had.
    pub fn tcp_exposed(addresses: impl ToSocketAddrs) -> Result<Self> {
        Ok(Self::new(Transport::Listening(Bound::Tcp(tcp::bind(addresses)?))))
    }

    /// One client at standard input and output. When it closes its side the server goes on.
    pub fn stdio() -> Self {
        Self::new(Transport::Stdio)
    }

    /// One client, at the other end of a socket that is connected already.
    ///
    /// # Errors
    /// It is not a stream socket of unix or TCP.
    pub fn connection(socket: OwnedFd) -> Result<Self> {
        inherited::connected(socket).map(Self::new)
    }

    /// Clients that come to a socket which listens already.
    ///
    /// # Errors
    /// It does not listen, or is not a stream socket of unix or TCP.
    pub fn listening(socket: OwnedFd) -> Result<Self> {
        inherited::listening(socket).map(Self::new)
    }

    /// The socket with the number `fd`, with which the process was started: to listen on, where
    /// `listens`, or connected.
    ///
    /// # Errors
    /// There is no such socket, or it is in use already; those of
    /// [`listening`](Self::listening) and [`connection`](Self::connection).
    pub fn inherited(fd: RawFd, listens: bool) -> Result<Self> {
        let socket = inherited::take(fd)?;
        if listens { Self::listening(socket) } else { Self::connection(socket) }
    }

    /// All sockets that the service manager has made for this process, as systemd does where a
    /// service comes with a `.socket` unit; none where there is no such manager.
    ///
    /// # Errors
    /// One of them does not listen, is not a stream socket of unix or TCP, or is in use already.
    pub fn activated() -> Result<Vec<Self>> {
        Ok(inherited::activated()?.into_iter().map(Self::new).collect())
    }

    /// One client, which listens itself and is gone out to now. When it closes, that was it.
    ///
    /// # Errors
    /// It does not listen, or cannot be reached.
    pub fn connect(address: &ClientAddress) -> Result<Self> {
        Ok(Self::new(Transport::Connected(address.connect()?)))
    }

    /// One client, which listens itself and is gone out to once the server runs; again after
    /// each `interval` where it was not reached, or has closed.
    pub fn reconnecting(address: ClientAddress, interval: Duration) -> Self {
        Self::new(Transport::Connecting(Outgoing { address, interval }))
    }

    /// The address of a socket that listens on TCP.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.transport {
            Transport::Listening(Bound::Tcp(listener)) => listener.local_addr().ok(),
            Transport::Listening(Bound::Unix(_))
            | Transport::Connected(_)
            | Transport::Connecting(_)
            | Transport::Stdio => None,
        }
    }

    /// Waits until a client has come, without letting it in: for a program that has nothing to do
    /// before. Does not wait where the client is there already, or is gone out to.
    ///
    /// # Errors
    /// The socket cannot be watched.
    pub async fn client_waiting(&self) -> Result<()> {
        match &self.transport {
            Transport::Listening(bound) => Ok(bound.client_waiting().await?),
            Transport::Connected(_) | Transport::Connecting(_) | Transport::Stdio => Ok(()),
        }
    }

    /// Lays messages out for people, on several lines.
    #[must_use]
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = pretty;
        self
    }
}
