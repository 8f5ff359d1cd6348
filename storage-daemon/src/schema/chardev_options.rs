//! The options of each kind of character device, from QEMU's `char.json`.

use qapi_core::qapi_struct;

use super::socket_address::SocketAddressLegacy;

/// The options of all kinds.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChardevCommon {
    /// The file of a log of the output. This program creates the file. As no command or device
    /// sends output through a character device, the log stays empty.
    pub logfile: Option<String>,
    /// Whether the log is appended to the file; `false` by default.
    pub logappend: Option<bool>,
}

/// The options of a file.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevFile {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The file for input; none by default.
    #[qapi(name = "in")]
    pub input: Option<String>,
    /// The file for output.
    pub out: String,
    /// Whether output is appended to the file; `false` by default.
    #[qapi(since = "2.6")]
    pub append: Option<bool>,
}

/// The options of a device or a pipe of the host.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevHostdev {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The path. A pipe consists of the FIFOs `device.in` and `device.out`, or else of one FIFO.
    pub device: String,
}

/// The options of a socket.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevSocket {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The address.
    pub addr: SocketAddressLegacy,
    /// The identifier of TLS credentials. Not supported.
    #[qapi(since = "2.6")]
    pub tls_creds: Option<String>,
    /// The identifier of the authorization of TLS clients. Not supported.
    #[qapi(since = "4.0")]
    pub tls_authz: Option<String>,
    /// Whether this program listens; `true` by default.
    pub server: Option<bool>,
    /// Whether a server waits for its first client. Only `false`, which is the default, is
    /// supported.
    pub wait: Option<bool>,
    /// Whether small messages are sent at once over TCP; `false` by default. Without effect, as
    /// no messages are sent.
    pub nodelay: Option<bool>,
    /// Whether the telnet protocol is spoken; `false` by default. Not supported.
    pub telnet: Option<bool>,
    /// Whether the protocol of 3270 terminals is spoken; `false` by default. Not supported.
    #[qapi(since = "2.10")]
    pub tn3270: Option<bool>,
    /// Whether the WebSocket protocol is spoken; `false` by default. Not supported.
    #[qapi(since = "3.1")]
    pub websocket: Option<bool>,
    /// The delay in seconds before a client connects again; 0, the default, for never.
    #[qapi(since = "2.2", features(deprecated))]
    pub reconnect: Option<i64>,
    /// The delay in milliseconds before a client connects again; 0, the default, for never.
    #[qapi(since = "9.2")]
    pub reconnect_ms: Option<i64>,
}

/// The options of a UDP socket.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevUdp {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The address of the peer.
    pub remote: SocketAddressLegacy,
    /// The local address; any by default.
    pub local: Option<SocketAddressLegacy>,
}

/// The options of a multiplexer.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevMux {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The identifier of the device below.
    pub chardev: String,
}

/// The options of a hub.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevHub {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The identifiers of the devices below.
    pub chardevs: Vec<String>,
}

/// The options of standard input and output.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevStdio {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// Whether keys such as Ctrl+C send signals. Accepted without effect: the program does not
    /// change the terminal.
    pub signal: Option<bool>,
}

/// The options of a channel of Spice.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevSpiceChannel {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The kind of the channel.
    pub r#type: String,
}

/// The options of a port of Spice.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevSpicePort {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The name of the port.
    pub fqdn: String,
}

/// The options of a channel over D-Bus.
#[qapi_struct(name = "ChardevDBus", since = "7.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevDbus {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The name of the channel.
    pub name: String,
}

/// The options of a virtual console.
#[qapi_struct(name = "ChardevVC", since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevVc {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The width in pixels.
    pub width: Option<i64>,
    /// The height in pixels.
    pub height: Option<i64>,
    /// The width in characters.
    pub cols: Option<i64>,
    /// The height in characters.
    pub rows: Option<i64>,
}

/// The options of a ring buffer.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevRingbuf {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The size in bytes, a power of two; 65536 by default.
    pub size: Option<i64>,
}

/// The options of the agent of Spice's guests.
#[qapi_struct(name = "ChardevQemuVDAgent", since = "6.1")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevQemuVdAgent {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// Whether messages of the mouse are exchanged; `true` by default.
    pub mouse: Option<bool>,
    /// Whether the clipboard is exchanged; `false` by default.
    pub clipboard: Option<bool>,
}

/// The options of a pseudo-terminal.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevPty {
    /// The options of all kinds.
    #[qapi(base)]
    pub common: ChardevCommon,
    /// The path of a symbolic link to the terminal; none by default.
    pub path: Option<String>,
}
