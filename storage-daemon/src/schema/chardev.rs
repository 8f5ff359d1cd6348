//! The types of the commands about character devices, from QEMU's `char.json`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::chardev_wrappers::{
    ChardevCommonWrapper, ChardevDbusWrapper, ChardevFileWrapper, ChardevHostdevWrapper,
    ChardevHubWrapper, ChardevMuxWrapper, ChardevPtyWrapper, ChardevQemuVdAgentWrapper,
    ChardevRingbufWrapper, ChardevSocketWrapper, ChardevSpiceChannelWrapper,
    ChardevSpicePortWrapper, ChardevStdioWrapper, ChardevUdpWrapper, ChardevVcWrapper,
};

/// A character device.
#[qapi_struct(since = "0.14")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevInfo {
    /// The identifier.
    pub label: String,
    /// The kind, with the address of a socket or a terminal.
    pub filename: String,
    /// Whether a monitor uses the device.
    #[qapi(since = "2.1")]
    pub frontend_open: bool,
}

/// A kind of character devices.
#[qapi_struct(since = "2.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevBackendInfo {
    /// The name.
    pub name: String,
}

/// How bytes are encoded as a string.
#[qapi_enum(since = "1.4")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataFormat {
    /// The bytes are text in UTF-8.
    #[default]
    #[qapi(name = "utf8")]
    Utf8,
    /// In base64.
    #[qapi(name = "base64")]
    Base64,
}

/// What the creation of a character device returns.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChardevReturn {
    /// The path of a pseudo-terminal.
    pub pty: Option<String>,
}

/// The kinds of character devices. Only some are supported: `query-chardev-backends` lists them.
#[qapi_enum(since = "1.4")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChardevBackendKind {
    /// A file.
    File,
    /// A serial port of the host.
    Serial,
    /// A parallel port of the host.
    Parallel,
    /// A pipe: one FIFO or two.
    #[qapi(since = "1.5")]
    Pipe,
    /// A socket.
    Socket,
    /// A UDP socket.
    #[qapi(since = "1.5")]
    Udp,
    /// A pseudo-terminal.
    Pty,
    /// A device that discards its output and has no input.
    Null,
    /// A multiplexer of users.
    #[qapi(since = "1.5")]
    Mux,
    /// A multiplexer of devices.
    #[qapi(since = "10.0")]
    Hub,
    /// A mouse with the protocol of Microsoft.
    #[qapi(since = "1.5")]
    Msmouse,
    /// A Wacom tablet.
    #[qapi(since = "2.9")]
    Wctablet,
    /// A Braille display.
    #[qapi(since = "1.5")]
    Braille,
    /// A device for tests of QEMU.
    #[qapi(since = "2.2")]
    Testdev,
    /// Standard input and output.
    #[qapi(since = "1.5")]
    Stdio,
    /// A channel of Spice.
    #[qapi(since = "1.5")]
    Spicevmc,
    /// A port of Spice.
    #[qapi(since = "1.5")]
    Spiceport,
    /// The agent of Spice's guests.
    #[qapi(since = "6.1")]
    QemuVdagent,
    /// A channel over D-Bus.
    #[qapi(since = "7.0")]
    Dbus,
    /// A virtual console.
    #[qapi(since = "1.5")]
    Vc,
    /// A ring buffer.
    #[qapi(since = "1.6")]
    Ringbuf,
    /// A ring buffer, by an older name.
    #[qapi(since = "1.5", features(deprecated))]
    Memory,
}

/// A character device that is to be created.
#[qapi_union(discriminator = "type", tag = ChardevBackendKind, since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChardevBackend {
    /// A file.
    File(ChardevFileWrapper),
    /// A serial port of the host.
    Serial(ChardevHostdevWrapper),
    /// A parallel port of the host.
    Parallel(ChardevHostdevWrapper),
    /// A pipe: one FIFO or two.
    Pipe(ChardevHostdevWrapper),
    /// A socket.
    Socket(ChardevSocketWrapper),
    /// A UDP socket.
    Udp(ChardevUdpWrapper),
    /// A pseudo-terminal.
    Pty(ChardevPtyWrapper),
    /// A device that discards its output and has no input.
    Null(ChardevCommonWrapper),
    /// A multiplexer of users.
    Mux(ChardevMuxWrapper),
    /// A multiplexer of devices.
    Hub(ChardevHubWrapper),
    /// A mouse with the protocol of Microsoft.
    Msmouse(ChardevCommonWrapper),
    /// A Wacom tablet.
    Wctablet(ChardevCommonWrapper),
    /// A Braille display.
    Braille(ChardevCommonWrapper),
    /// A device for tests of QEMU.
    Testdev(ChardevCommonWrapper),
    /// Standard input and output.
    Stdio(ChardevStdioWrapper),
    /// A channel of Spice.
    Spicevmc(ChardevSpiceChannelWrapper),
    /// A port of Spice.
    Spiceport(ChardevSpicePortWrapper),
    /// The agent of Spice's guests.
    QemuVdagent(ChardevQemuVdAgentWrapper),
    /// A channel over D-Bus.
    Dbus(ChardevDbusWrapper),
    /// A virtual console.
    Vc(ChardevVcWrapper),
    /// A ring buffer.
    Ringbuf(ChardevRingbufWrapper),
    /// A ring buffer, by an older name.
    Memory(ChardevRingbufWrapper),
}
