//! The types of the commands for exports and for the NBD server, from QEMU's `block-export.json`.

#[cfg(feature = "vhost-user")]
use qapi_core::Size;
use qapi_core::{qapi_enum, qapi_event, qapi_struct, qapi_union};

use super::dirty_bitmap::BlockDirtyBitmapOrStr;
use super::socket_address::{SocketAddress, SocketAddressLegacy};

/// The arguments of `nbd-server-start`.
#[qapi_struct]
#[derive(Debug, Clone)]
pub struct NbdServerOptionsLegacy {
    /// The time in seconds in which a client has to choose an export; 10 by default, and 0 for any
    /// time.
    #[qapi(since = "10.0")]
    pub handshake_max_seconds: Option<u32>,
    /// The identifier of TLS credentials. With these all clients have to use TLS.
    #[qapi(since = "2.6")]
    pub tls_creds: Option<String>,
    /// The identifier of an authorization for clients with TLS. Without effect without TLS.
    #[qapi(since = "4.0")]
    pub tls_authz: Option<String>,
    /// The largest number of clients at the same time; 100 by default, and 0 for any number.
    #[qapi(since = "5.2")]
    pub max_connections: Option<u32>,
    /// The address on which the server listens.
    pub addr: SocketAddressLegacy,
}

/// The argument of the option `--nbd-server`.
#[qapi_struct]
#[derive(Debug, Clone)]
pub struct NbdServerOptions {
    /// The time in seconds in which a client has to choose an export; 10 by default, and 0 for any
    /// time.
    pub handshake_max_seconds: Option<u32>,
    /// The identifier of TLS credentials. With these all clients have to use TLS.
    pub tls_creds: Option<String>,
    /// The identifier of an authorization for clients with TLS. Without effect without TLS.
    pub tls_authz: Option<String>,
    /// The largest number of clients at the same time; 100 by default, and 0 for any number.
    pub max_connections: Option<u32>,
    /// The address on which the server listens.
    pub addr: SocketAddress,
}

impl From<NbdServerOptionsLegacy> for NbdServerOptions {
    fn from(options: NbdServerOptionsLegacy) -> Self {
        NbdServerOptions {
            handshake_max_seconds: options.handshake_max_seconds,
            tls_creds: options.tls_creds,
            tls_authz: options.tls_authz,
            max_connections: options.max_connections,
            addr: options.addr.into(),
        }
    }
}

/// The options of an export over NBD.
#[qapi_struct(since = "5.2")]
#[derive(Debug, Clone)]
pub struct BlockExportOptionsNbd {
    /// The name for clients; the name of the node by default.
    pub name: Option<String>,
    /// The description for clients, of at most 4,096 bytes.
    #[qapi(since = "5.0")]
    pub description: Option<String>,
    /// The bitmaps that clients can read as `qemu:dirty-bitmap:NAME`.
    #[qapi(since = "4.0")]
    pub bitmaps: Option<Vec<BlockDirtyBitmapOrStr>>,
    /// Whether clients can read `qemu:allocation-depth`; `false` by default.
    pub allocation_depth: Option<bool>,
}

/// The options of an export over vhost-user.
#[cfg(feature = "vhost-user")]
#[qapi_struct(since = "5.2")]
#[derive(Debug, Clone)]
pub struct BlockExportOptionsVhostUserBlk {
    /// The address on which the export listens, of type `unix`.
    pub addr: SocketAddress,
    /// The size of the blocks in bytes: a power of 2 between 512, the default, and 2 MiB.
    pub logical_block_size: Option<Size>,
    /// The number of queues, at most 64; 1 by default.
    pub num_queues: Option<u16>,
}

/// The kinds of exports.
#[qapi_enum(since = "5.2")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockExportType {
    /// Over the network block device protocol.
    Nbd,
    /// To a virtual machine, as a virtio disk.
    #[cfg(feature = "vhost-user")]
    VhostUserBlk,
}

/// An export of a node.
#[qapi_union(since = "5.2")]
#[derive(Debug, Clone)]
pub struct BlockExportOptions {
    /// The kind, with the options that only this kind has.
    #[qapi(discriminator, name = "type")]
    pub kind: BlockExportKind,
    /// The identifier for other commands.
    #[qapi(since = "5.2")]
    pub id: String,
    /// Whether a change of the I/O thread of the node is refused. Accepted without effect.
    #[qapi(since = "5.2")]
    pub fixed_iothread: Option<bool>,
    /// The I/O thread. This program has no I/O threads.
    #[qapi(since = "5.2")]
    pub iothread: Option<String>,
    /// The node.
    #[qapi(since = "5.2")]
    pub node_name: String,
    /// Whether clients may write; `false` by default.
    pub writable: Option<bool>,
    /// Whether writes are flushed before they end; `false` by default. Accepted without effect for
    /// NBD, whose clients flush.
    pub writethrough: Option<bool>,
    /// Whether the node may be inactive; `false` by default.
    #[qapi(since = "10.0")]
    pub allow_inactive: Option<bool>,
}

/// The options that only one kind of export has.
#[qapi_union(tag = BlockExportType)]
#[derive(Debug, Clone)]
pub enum BlockExportKind {
    /// For [`BlockExportType::Nbd`].
    Nbd(BlockExportOptionsNbd),
    /// For [`BlockExportType::VhostUserBlk`].
    #[cfg(feature = "vhost-user")]
    VhostUserBlk(BlockExportOptionsVhostUserBlk),
}

/// The arguments of `nbd-server-add`.
#[qapi_struct]
#[derive(Debug, Clone)]
pub struct NbdServerAddOptions {
    /// The name for clients and the identifier; the name of the node by default.
    pub name: Option<String>,
    /// The description for clients, of at most 4,096 bytes.
    #[qapi(since = "5.0")]
    pub description: Option<String>,
    /// The node.
    pub device: String,
    /// Whether clients may write; `false` by default. Without effect for a read-only node.
    pub writable: Option<bool>,
    /// The bitmap that clients can read.
    #[qapi(since = "4.0")]
    pub bitmap: Option<String>,
}

/// How the clients of an export that is removed are treated.
#[qapi_enum(since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockExportRemoveMode {
    /// An export with clients is not removed.
    #[default]
    Safe,
    /// The clients are disconnected.
    Hard,
}

/// An export was removed, and its last client is gone. The identifier can be used again.
#[qapi_event(since = "5.2")]
#[derive(Debug, Clone)]
pub struct BlockExportDeleted {
    /// The identifier.
    pub id: String,
}

/// An export.
#[qapi_struct(since = "5.2")]
#[derive(Debug, Clone)]
pub struct BlockExportInfo {
    /// The identifier.
    pub id: String,
    /// The kind.
    pub r#type: BlockExportType,
    /// The node.
    pub node_name: String,
    /// Whether the export was removed and still has clients.
    pub shutting_down: bool,
}
