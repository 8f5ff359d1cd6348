//! Wrappers of the options of character devices, from QEMU's `char.json`: in the oldest form of
//! unions, each branch has one member `data`.

use qapi_core::qapi_struct;

use super::chardev_options::{
    ChardevCommon, ChardevDbus, ChardevFile, ChardevHostdev, ChardevHub, ChardevMux, ChardevPty,
    ChardevQemuVdAgent, ChardevRingbuf, ChardevSocket, ChardevSpiceChannel, ChardevSpicePort,
    ChardevStdio, ChardevUdp, ChardevVc,
};

/// The wrapper of the options of a file.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevFileWrapper {
    /// The options.
    pub data: ChardevFile,
}

/// The wrapper of the options of a device or a pipe of the host.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevHostdevWrapper {
    /// The options.
    pub data: ChardevHostdev,
}

/// The wrapper of the options of a socket.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevSocketWrapper {
    /// The options.
    pub data: ChardevSocket,
}

/// The wrapper of the options of a UDP socket.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevUdpWrapper {
    /// The options.
    pub data: ChardevUdp,
}

/// The wrapper of the options of the kinds without options of their own.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevCommonWrapper {
    /// The options.
    pub data: ChardevCommon,
}

/// The wrapper of the options of a multiplexer.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevMuxWrapper {
    /// The options.
    pub data: ChardevMux,
}

/// The wrapper of the options of a hub.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevHubWrapper {
    /// The options.
    pub data: ChardevHub,
}

/// The wrapper of the options of standard input and output.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevStdioWrapper {
    /// The options.
    pub data: ChardevStdio,
}

/// The wrapper of the options of a channel of Spice.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevSpiceChannelWrapper {
    /// The options.
    pub data: ChardevSpiceChannel,
}

/// The wrapper of the options of a port of Spice.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevSpicePortWrapper {
    /// The options.
    pub data: ChardevSpicePort,
}

/// The wrapper of the options of the agent of Spice's guests.
#[qapi_struct(name = "ChardevQemuVDAgentWrapper", since = "6.1")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevQemuVdAgentWrapper {
    /// The options.
    pub data: ChardevQemuVdAgent,
}

/// The wrapper of the options of a channel over D-Bus.
#[qapi_struct(name = "ChardevDBusWrapper", since = "7.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevDbusWrapper {
    /// The options.
    pub data: ChardevDbus,
}

/// The wrapper of the options of a virtual console.
#[qapi_struct(name = "ChardevVCWrapper", since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevVcWrapper {
    /// The options.
    pub data: ChardevVc,
}

/// The wrapper of the options of a ring buffer.
#[qapi_struct(since = "1.5")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevRingbufWrapper {
    /// The options.
    pub data: ChardevRingbuf,
}

/// The wrapper of the options of a pseudo-terminal.
#[qapi_struct(since = "1.4")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevPtyWrapper {
    /// The options.
    pub data: ChardevPty,
}
