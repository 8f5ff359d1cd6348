//! Sources of clients: the public constructors of every transport.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[cfg(target_os = "linux")]
use super::abstract_socket;
use super::address::ClientAddress;
#[cfg(all(feature = "vsock", target_os = "linux"))]
use super::address::VsockAddress;
use super::client_count::ClientCount;
use super::connect::Outgoing;
use super::error::ServeError;
use super::foreign_protocol::ForeignProtocols;
use super::in_process::Connector;
use super::transport::{ListeningSocket, Transport};
use super::unix::{self, SocketAccess};
#[cfg(all(feature = "vsock", target_os = "linux"))]
use super::vsock;
use super::{from_fd, in_process, tcp};
use crate::service::PolicyHandle;

/// A source of clients, which [`Server::listen`](crate::Server::listen) takes.
///
/// A constructor binds its socket at once, so that a client can connect before the server runs;
/// clients are served once the server runs.
#[derive(Debug)]
pub struct Listener {
    pub(super) transport: Transport,
    pub(super) options: ListenerOptions,
}

/// How the clients of a listener are served.
#[derive(Debug, Clone, Default)]
pub(super) struct ListenerOptions {
    /// Whether messages are indented over several lines.
    pub(super) pretty: bool,
    /// The treatment of HTTP and TLS; `None` for the default of the transport.
    pub(super) foreign_protocols: Option<ForeignProtocols>,
    /// The name; `None` for the address.
    pub(super) name: Option<Arc<str>>,
    /// The policy; `None` for that of the server.
    pub(super) policy: Option<PolicyHandle>,
    pub(super) clients: ClientCount,
}

impl Listener {
    fn new(transport: Transport) -> Self {
        Self { transport, options: ListenerOptions::default() }
    }

    /// Listens on a unix socket at `path`, which only its owner may open. The server removes the
    /// socket's file when it ends, and replaces the file of a daemon that no longer runs.
    ///
    /// On Linux a `path` that begins with `@` is the name of an abstract socket, as in
    /// `unix_abstract`.
    ///
    /// # Errors
    /// [`ServeError::Bind`]: another process listens at `path`, a file that is not a socket
    /// exists there, or the file cannot be created.
    pub fn unix(path: impl AsRef<Path>) -> Result<Self, ServeError> {
        Self::unix_with(path, SocketAccess::default())
    }

    /// Listens on a unix socket at `path`, whose file has the permissions of `access`; otherwise
    /// like [`unix`](Self::unix).
    ///
    /// # Errors
    /// The errors of [`unix`](Self::unix); or the owner or the group of the file cannot be changed.
    pub fn unix_with(path: impl AsRef<Path>, access: SocketAccess) -> Result<Self, ServeError> {
        let path = path.as_ref();
        #[cfg(target_os = "linux")]
        if let Some(name) = abstract_socket::abstract_name(path) {
            return Self::unix_abstract(name);
        }
        Ok(Self::new(Transport::Listening(ListeningSocket::Unix(unix::bind(path, access)?))))
    }

    /// Listens on an abstract unix socket, which has a name and no file. Linux only.
    ///
    /// Every process in the same network namespace may connect, as there are no file permissions.
    /// The server still checks the user of each client; see
    /// [`Policy::peers`](crate::Policy::peers).
    ///
    /// # Errors
    /// [`ServeError::Bind`]: the name is taken, or longer than 107 bytes.
    #[cfg(target_os = "linux")]
    pub fn unix_abstract(name: impl AsRef<[u8]>) -> Result<Self, ServeError> {
        let bound = abstract_socket::bind_abstract(name.as_ref())?;
        Ok(Self::new(Transport::Listening(ListeningSocket::Unix(bound))))
    }

    /// Listens on `port` of the IPv4 loopback interface. If `port` is 0, the system chooses a
    /// free one; see [`tcp_address`](Self::tcp_address).
    ///
    /// **TCP has no authentication**: every user of this machine may connect and execute every
    /// command. A line in the log says so too. A browser cannot be made to send commands; see
    /// [`ForeignProtocols`].
    ///
    /// # Errors
    /// [`ServeError::Bind`]: the port is taken.
    pub fn tcp(port: u16) -> Result<Self, ServeError> {
        Self::tcp_exposed((Ipv4Addr::LOCALHOST, port))
    }

    /// Listens on the first of `addresses` that is free, which may be reachable from other hosts.
    ///
    /// **TCP has no authentication** and no encryption: with an address other than loopback,
    /// every host that reaches it may connect and execute every command. The log has a warning.
    ///
    /// # Errors
    /// [`ServeError::Io`]: the name of the host is unknown. [`ServeError::Bind`]: none of the
    /// addresses is free.
    pub fn tcp_exposed(addresses: impl ToSocketAddrs) -> Result<Self, ServeError> {
        Ok(Self::new(Transport::Listening(ListeningSocket::Tcp(tcp::bind(addresses)?))))
    }

    /// Listens on a port of this machine for its host and, if this machine is a host, for its
    /// virtual machines. Linux only, with the feature `vsock`.
    ///
    /// The policy decides which machines may connect, by
    /// [`Access::allow_cid`](crate::policy::Access::allow_cid); by default none may. Every process
    /// of a machine that may connect has the same permissions.
    ///
    /// ```no_run
    /// use qapi_core::policy::{Access, Policy};
    /// use qapi_core::server::VsockAddress;
    /// use qapi_core::{Listener, Server};
    ///
    /// // The host of this virtual machine may execute every command.
    /// let host = Policy::new().peers(Access::none().allow_cid(2));
    /// let address = VsockAddress::new(VsockAddress::ANY_CID, 5000);
    /// Server::new().listen(Listener::vsock(address)?.policy(host)).run()?;
    /// # Ok::<(), qapi_core::ServeError>(())
    /// ```
    ///
    /// # Errors
    /// [`ServeError::Bind`]: the port is taken, this machine does not have the identifier, or the
    /// system has no vsock.
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    pub fn vsock(address: VsockAddress) -> Result<Self, ServeError> {
        Ok(Self::new(Transport::Listening(ListeningSocket::Vsock(vsock::bind(address)?))))
    }

    /// Serves one client on standard input and output. The server does not end when the client
    /// disconnects.
    pub fn stdio() -> Self {
        Self::new(Transport::Stdio)
    }

    /// Serves clients within the process, which connect by the returned [`Connector`]. A program
    /// executes its own commands by it, and a test serves the same [`Server`](crate::Server) as in
    /// production.
    pub fn in_process() -> (Self, Connector) {
        let (connections, connector) = in_process::pair();
        (Self::new(Transport::InProcess(connections)), connector)
    }

    /// Serves one client over a socket that is connected.
    ///
    /// # Errors
    /// [`ServeError::UnsupportedSocket`]: the socket is not a stream socket of a family that the
    /// server supports: unix, TCP, and vsock with the feature of that name.
    pub fn connection(socket: OwnedFd) -> Result<Self, ServeError> {
        from_fd::connected(socket).map(Self::new)
    }

    /// Serves the clients that connect to a socket that already listens. The server does not remove
    /// the socket's file at its end.
    ///
    /// # Errors
    /// [`ServeError::NotListening`], or [`ServeError::UnsupportedSocket`]: the socket is not a
    /// stream socket of a family that the server supports; see [`connection`](Self::connection).
    pub fn listening(socket: OwnedFd) -> Result<Self, ServeError> {
        from_fd::listening(socket).map(Self::new)
    }

    /// Serves the socket with the file descriptor `fd`, which the process inherited. Linux only.
    ///
    /// # Errors
    /// [`ServeError::NotASocket`]: the process did not inherit such a socket.
    /// [`ServeError::SocketInUse`]: an earlier call took it. Those of
    /// [`listening`](Self::listening) and [`connection`](Self::connection).
    #[cfg(target_os = "linux")]
    pub fn inherited(
        fd: std::os::fd::RawFd,
        state: super::inherited::InheritedSocket,
    ) -> Result<Self, ServeError> {
        use super::inherited::{InheritedSocket, take};
        match state {
            InheritedSocket::Listening => Self::listening(take(fd)?),
            InheritedSocket::Connected => Self::connection(take(fd)?),
        }
    }

    /// Serves the sockets on which the service manager listens for this process, as systemd does
    /// for a service with a `.socket` unit. Returns an empty list without such a manager. Linux
    /// only, with the feature `systemd`.
    ///
    /// # Errors
    /// [`ServeError::Io`]: the service manager's variables are malformed. Those of
    /// [`inherited`](Self::inherited) for each socket.
    #[cfg(all(feature = "systemd", target_os = "linux"))]
    pub fn activated() -> Result<Vec<Self>, ServeError> {
        super::inherited::activated()?.into_iter().map(Self::listening).collect()
    }

    /// Connects to one client, which listens, and blocks the thread until it is connected. The
    /// server does not connect again when the client disconnects.
    ///
    /// # Errors
    /// [`ServeError::Connect`]: the client does not listen, or cannot be reached.
    pub fn connect(address: &ClientAddress) -> Result<Self, ServeError> {
        Ok(Self::new(Transport::Connected(address.connect_blocking()?)))
    }

    /// Connects to one client, which listens, once the server runs. Connects again after each
    /// failed attempt and each disconnect, with a pause of `interval`.
    pub fn reconnecting(address: ClientAddress, interval: Duration) -> Self {
        Self::new(Transport::Connecting(Outgoing { address, interval }))
    }

    /// The local address of a listening TCP socket; `None` for every other transport.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.transport {
            Transport::Listening(ListeningSocket::Tcp(listener)) => listener.local_addr().ok(),
            #[cfg(all(feature = "vsock", target_os = "linux"))]
            Transport::Listening(ListeningSocket::Vsock(_)) => None,
            Transport::Listening(ListeningSocket::Unix(_))
            | Transport::Connected(_)
            | Transport::Connecting(_)
            | Transport::InProcess(_)
            | Transport::Stdio => None,
        }
    }

    /// The number of clients that are connected through this listener, while the server runs.
    pub fn client_count(&self) -> ClientCount {
        self.options.clients.clone()
    }

    /// The local address of a listening vsock socket; `None` for every other transport. Linux only,
    /// with the feature `vsock`.
    #[cfg(all(feature = "vsock", target_os = "linux"))]
    pub fn vsock_address(&self) -> Option<VsockAddress> {
        match &self.transport {
            Transport::Listening(ListeningSocket::Vsock(socket)) => vsock::local_address(socket),
            Transport::Listening(ListeningSocket::Unix(_) | ListeningSocket::Tcp(_))
            | Transport::Connected(_)
            | Transport::Connecting(_)
            | Transport::InProcess(_)
            | Transport::Stdio => None,
        }
    }

    /// Waits until a client has connected, and does not accept it. For a program whose work begins
    /// with the first client. Returns at once for a transport that does not listen.
    ///
    /// # Errors
    /// [`ServeError::Io`]: the socket cannot be polled.
    pub async fn wait_for_client(&self) -> Result<(), ServeError> {
        match &self.transport {
            Transport::Listening(socket) => Ok(socket.wait_for_client().await?),
            Transport::Connected(_)
            | Transport::Connecting(_)
            | Transport::InProcess(_)
            | Transport::Stdio => Ok(()),
        }
    }

    /// Sets the name of the listener, which hooks, logs and
    /// [`SessionContext::listener`](crate::SessionContext::listener) show. The default is the
    /// address, or `stdio`.
    ///
    /// ```no_run
    /// use qapi_core::Listener;
    ///
    /// let administrators = Listener::unix("/run/house-admin.sock")?.name("admin");
    /// # Ok::<(), qapi_core::ServeError>(())
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Sets the policy for the clients of this listener, in place of the server's policy: which of
    /// them may connect, and which commands they may execute. The treatment of deprecated and
    /// unstable parts of the schema is that of the server's policy.
    ///
    /// ```no_run
    /// use qapi_core::policy::{Access, Policy};
    /// use qapi_core::{Listener, Server};
    ///
    /// // Every member of group 100 may use the second socket, on which nothing can be changed.
    /// let read_only = Policy::new()
    ///     .peers(Access::owner_and_root().allow_gid(100))
    ///     .commands("*", Access::none())
    ///     .commands("query-*", Access::anyone());
    /// Server::new()
    ///     .listen(Listener::unix("/run/house-admin.sock")?)
    ///     .listen(Listener::unix("/run/house.sock")?.policy(read_only))
    ///     .run()?;
    /// # Ok::<(), qapi_core::ServeError>(())
    /// ```
    #[must_use]
    pub fn policy(mut self, policy: impl Into<PolicyHandle>) -> Self {
        self.options.policy = Some(policy.into());
        self
    }

    /// The policy, if it is not that of the server.
    pub(super) fn own_policy(&self) -> Option<&PolicyHandle> {
        self.options.policy.as_ref()
    }

    /// Sets whether messages to these clients are printed on several lines with indentation, as
    /// QEMU's `pretty=on` does; off by default.
    #[must_use]
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.options.pretty = pretty;
        self
    }

    /// Sets what happens to a client whose first bytes are an HTTP request or a TLS handshake. By
    /// default such a client is disconnected on TCP and vsock, and its bytes are malformed JSON on
    /// all other transports.
    #[must_use]
    pub fn foreign_protocols(mut self, treatment: ForeignProtocols) -> Self {
        self.options.foreign_protocols = Some(treatment);
        self
    }
}
