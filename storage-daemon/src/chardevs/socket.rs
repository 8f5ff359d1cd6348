//! Sockets as character devices.

use std::io;
use std::time::Duration;

use parking_lot::Mutex;
use qapi_core::server::{ClientCount, TcpEnds};
use qapi_core::{Listener, Result};
use serde_json::{Value, json};

use super::connection::{Connection, Peer, Target};
use super::messages;
use crate::options::SocketRole;
use crate::schema::chardev_options::ChardevSocket;
use crate::schema::socket_address::{InetSocketAddress, SocketAddress, UnixSocketAddress};
use crate::sockets::{SocketFile, listen_inet, listen_unix, port, resolve, unix_address};
use crate::{messages as common_messages, options};

/// A socket on which the program listens, or which it connects.
pub struct Socket {
    address: SocketAddress,
    is_server: bool,
    users: Users,
}

/// The programs at the other end.
enum Users {
    /// One at a time. It sends to no reader and receives nothing.
    One { connection: Connection, _file: Option<SocketFile> },
    /// The clients of a monitor. The listener is here until a monitor uses it.
    Monitor { listener: Mutex<Option<Listener>>, clients: ClientCount },
}

impl Socket {
    /// A socket for the clients of a monitor, at an address with which the command line describes
    /// it.
    pub fn for_monitor(address: SocketAddress, is_server: bool, listener: Listener) -> Self {
        let address = match listener.tcp_address() {
            Some(bound) => inet(bound),
            None => address,
        };
        let clients = listener.client_count();
        let users = Users::Monitor { listener: Mutex::new(Some(listener)), clients };
        Socket { address, is_server, users }
    }

    /// Listens or connects for no monitor, at an address of the command line. May wait for the
    /// first client.
    ///
    /// # Errors
    /// The address cannot be bound or reached.
    pub async fn open_configured(address: SocketAddress, role: SocketRole) -> Result<Self> {
        match role {
            SocketRole::Server { wait } => {
                let socket = listen(address)?;
                if let Users::One { connection, .. } = &socket.users
                    && wait
                {
                    connection.connected().await;
                }
                Ok(socket)
            }
            SocketRole::Client { reconnect } => {
                let connected = tokio::task::spawn_blocking(move || connect(address, reconnect));
                connected.await.map_err(io::Error::from)?
            }
        }
    }

    /// Listens or connects. Blocks.
    ///
    /// # Errors
    /// An option is not supported, or the address cannot be bound or reached.
    pub(super) fn open(options: ChardevSocket) -> Result<Self> {
        let is_server = options.server.unwrap_or(true);
        let reconnect = check(&options, is_server)?;
        let address = SocketAddress::from(options.addr);
        if is_server { listen(address) } else { connect(address, reconnect) }
    }

    /// Frees the address. Blocks.
    pub(super) fn close(&self) {
        match &self.users {
            Users::One { connection, .. } => connection.end(),
            Users::Monitor { .. } => {}
        }
    }

    /// The listener for a monitor; `None` if a monitor uses it or none can.
    pub(super) fn take_listener(&self) -> Option<Listener> {
        match &self.users {
            Users::One { .. } => None,
            Users::Monitor { listener, .. } => listener.lock().take(),
        }
    }

    /// What `query-chardev` shows.
    pub(super) fn filename(&self) -> String {
        let address = match &self.address {
            SocketAddress::Unix(UnixSocketAddress { path, is_abstract, tight }) => {
                let is_abstract = is_abstract == &Some(true);
                let is_tight = is_abstract && tight != &Some(false);
                let kind = if is_abstract { ",abstract=on" } else { "" };
                let tight = if is_tight { ",tight=on" } else { "" };
                format!("unix:{path}{kind}{tight}")
            }
            SocketAddress::Inet(InetSocketAddress { host, port, .. }) if host.contains(':') => {
                format!("tcp:[{host}]:{port}")
            }
            SocketAddress::Inet(InetSocketAddress { host, port, .. }) => {
                format!("tcp:{host}:{port}")
            }
            SocketAddress::Vsock(address) => format!("vsock:{}:{}", address.cid, address.port),
            SocketAddress::Fd(address) => format!("fd:{}", address.str),
        };
        let server = if self.is_server { ",server=on" } else { "" };
        let peer = match &self.users {
            Users::One { connection, .. } => connection.peer(),
            Users::Monitor { clients, .. } => match clients.oldest_tcp() {
                Some(TcpEnds { local, remote, .. }) => Some(Peer::Tcp { local, remote }),
                None => (clients.get() > 0).then_some(Peer::Unix),
            },
        };
        match peer {
            None => format!("disconnected:{address}{server}"),
            Some(Peer::Unix) => format!("{address}{server}"),
            Some(Peer::Tcp { local, remote }) => format!("tcp:{local}{server} <-> {remote}"),
        }
    }

    /// The properties of the object.
    pub(super) fn property(&self, name: &str) -> Option<Value> {
        match name {
            "connected" => Some(json!(match &self.users {
                Users::One { connection, .. } => connection.peer().is_some(),
                Users::Monitor { clients, .. } => clients.get() > 0,
            })),
            "addr" => Some(json!(self.address)),
            _unknown => None,
        }
    }
}

/// Checks the options. Returns the delay before the program connects again.
fn check(options: &ChardevSocket, is_server: bool) -> Result<Option<Duration>> {
    let ChardevSocket { tls_creds, tls_authz, telnet, tn3270, websocket, .. } = options;
    if is_server && options.reconnect.is_some() {
        return Err(options::messages::reconnect_as_server());
    }
    if options.reconnect.is_some() && options.reconnect_ms.is_some() {
        return Err(options::messages::mutually_exclusive("reconnect", "reconnect-ms"));
    }
    if tls_authz.is_some() && tls_creds.is_none() {
        return Err(messages::authorization_without_credentials());
    }
    if !is_server && options.wait.is_some() {
        return Err(options::messages::wait_without_server());
    }
    for (name, is_set) in [
        ("tls-creds", tls_creds.is_some()),
        ("telnet", *telnet == Some(true)),
        ("tn3270", *tn3270 == Some(true)),
        ("websocket", *websocket == Some(true)),
        ("wait", options.wait == Some(true)),
    ] {
        if is_set {
            return Err(common_messages::not_supported(name));
        }
    }
    let seconds = options.reconnect.map(|seconds| seconds.saturating_mul(1000));
    let delay = options.reconnect_ms.or(seconds).unwrap_or(0);
    Ok(u64::try_from(delay).ok().filter(|delay| *delay > 0).map(Duration::from_millis))
}

fn listen(address: SocketAddress) -> Result<Socket> {
    let (address, connection, file) = match address {
        SocketAddress::Unix(address) => {
            let (listener, file) = listen_unix(&address)?;
            let tight = address.is_abstract.and_then(|_| address.tight.or(Some(true)));
            let address = SocketAddress::Unix(UnixSocketAddress { tight, ..address });
            (address, Connection::of_unix_listener(listener)?, file)
        }
        SocketAddress::Inet(address) => {
            let listener = listen_inet(&address)?;
            (inet(listener.local_addr()?), Connection::of_tcp_listener(listener)?, None)
        }
        SocketAddress::Fd(_) => return Err(common_messages::no_descriptor_passing()),
        SocketAddress::Vsock(_) => {
            return Err(common_messages::not_supported("addr.type=vsock"));
        }
    };
    Ok(Socket { address, is_server: true, users: Users::One { connection, _file: file } })
}

fn connect(address: SocketAddress, reconnect: Option<Duration>) -> Result<Socket> {
    let (name, target) = match &address {
        SocketAddress::Unix(unix) => (unix.path.clone(), Target::unix(&unix_address(unix)?)),
        SocketAddress::Inet(inet) => {
            let target = Target::Tcp(resolve(inet, port(inet)?)?);
            (format!("{}:{}", inet.host, inet.port), target)
        }
        SocketAddress::Fd(_) => return Err(common_messages::no_descriptor_passing()),
        SocketAddress::Vsock(_) => {
            return Err(common_messages::not_supported("addr.type=vsock"));
        }
    };
    let connection = Connection::to(target, reconnect);
    let connection = connection.map_err(|error| messages::cannot_connect(&name, error))?;
    Ok(Socket { address, is_server: false, users: Users::One { connection, _file: None } })
}

/// The address of a socket that is bound.
fn inet(bound: std::net::SocketAddr) -> SocketAddress {
    SocketAddress::Inet(InetSocketAddress {
        host: bound.ip().to_string(),
        port: bound.port().to_string(),
        ipv4: bound.is_ipv4().then_some(true),
        ipv6: bound.is_ipv6().then_some(true),
        ..InetSocketAddress::default()
    })
}
