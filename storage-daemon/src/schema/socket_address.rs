//! Addresses of sockets, from QEMU's `sockets.json`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// The kinds of addresses.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketAddressType {
    /// A TCP port.
    Inet,
    /// A UNIX socket.
    Unix,
    /// A port of a virtual machine's socket.
    #[qapi(since = "2.8")]
    Vsock,
    /// A file descriptor.
    Fd,
}

/// A TCP port of a host.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InetSocketAddress {
    /// The name or address of the host; empty for all addresses of this host.
    pub host: String,
    /// The port, as a number.
    pub port: String,
    /// Whether the host is an address rather than a name; `false` by default.
    #[qapi(since = "2.9")]
    pub numeric: Option<bool>,
    /// The last port to try if the earlier ports are in use.
    pub to: Option<u16>,
    /// Whether IPv4 addresses are used.
    pub ipv4: Option<bool>,
    /// Whether IPv6 addresses are used.
    pub ipv6: Option<bool>,
    /// Whether the connection is checked while it is idle. Accepted without effect: it always is.
    #[qapi(since = "4.2")]
    pub keep_alive: Option<bool>,
    /// The number of checks before a connection is given up. Accepted without effect.
    #[qapi(since = "10.0")]
    pub keep_alive_count: Option<u32>,
    /// The time until the first check in seconds. Accepted without effect.
    #[qapi(since = "10.0")]
    pub keep_alive_idle: Option<u32>,
    /// The time between checks in seconds. Accepted without effect.
    #[qapi(since = "10.0")]
    pub keep_alive_interval: Option<u32>,
    /// Whether multipath TCP is used. Only `false`, which is the default, is supported.
    #[qapi(since = "6.1")]
    pub mptcp: Option<bool>,
}

/// A UNIX socket.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixSocketAddress {
    /// The path, or the name of an abstract socket.
    pub path: String,
    /// Whether the socket is abstract; `false` by default.
    #[qapi(name = "abstract", since = "5.1")]
    pub is_abstract: Option<bool>,
    /// Whether an abstract name ends after its last character; `true` by default.
    #[qapi(since = "5.1")]
    pub tight: Option<bool>,
}

/// A port of a virtual machine's socket.
#[qapi_struct(since = "2.8")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VsockSocketAddress {
    /// The context identifier of the host.
    pub cid: String,
    /// The port.
    pub port: String,
}

/// A file descriptor.
#[qapi_struct(since = "1.2")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdSocketAddress {
    /// The number of a file descriptor that the program inherits.
    pub str: String,
}

/// The address of a socket.
#[qapi_union(discriminator = "type", tag = SocketAddressType, since = "2.9")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAddress {
    /// A TCP port.
    Inet(InetSocketAddress),
    /// A UNIX socket.
    Unix(UnixSocketAddress),
    /// A port of a virtual machine's socket.
    Vsock(VsockSocketAddress),
    /// A file descriptor.
    Fd(FdSocketAddress),
}

/// The wrapper of the address of a TCP port.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InetSocketAddressWrapper {
    /// The address.
    pub data: InetSocketAddress,
}

/// The wrapper of the address of a UNIX socket.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixSocketAddressWrapper {
    /// The address.
    pub data: UnixSocketAddress,
}

/// The wrapper of the address of a virtual machine's socket.
#[qapi_struct(since = "2.8")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VsockSocketAddressWrapper {
    /// The address.
    pub data: VsockSocketAddress,
}

/// The wrapper of a file descriptor.
#[qapi_struct(since = "1.3")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdSocketAddressWrapper {
    /// The address.
    pub data: FdSocketAddress,
}

/// The address of a socket, in the form of older commands.
#[qapi_union(discriminator = "type", tag = SocketAddressType, since = "1.3")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAddressLegacy {
    /// A TCP port.
    Inet(InetSocketAddressWrapper),
    /// A UNIX socket.
    Unix(UnixSocketAddressWrapper),
    /// A port of a virtual machine's socket.
    Vsock(VsockSocketAddressWrapper),
    /// A file descriptor.
    Fd(FdSocketAddressWrapper),
}

impl From<SocketAddressLegacy> for SocketAddress {
    fn from(address: SocketAddressLegacy) -> Self {
        match address {
            SocketAddressLegacy::Inet(address) => SocketAddress::Inet(address.data),
            SocketAddressLegacy::Unix(address) => SocketAddress::Unix(address.data),
            SocketAddressLegacy::Vsock(address) => SocketAddress::Vsock(address.data),
            SocketAddressLegacy::Fd(address) => SocketAddress::Fd(address.data),
        }
    }
}
