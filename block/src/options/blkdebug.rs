//! `BlockdevOptionsBlkdebug`: a node that injects errors into requests.

use qapi_core::{qapi_enum, qapi_struct};

use super::BlockdevRef;
pub use super::blkdebug_event::BlkdebugEvent;

/// A node that passes requests to another one and injects errors by rules.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsBlkdebug {
    /// The node to which requests are passed.
    pub image: BlockdevRef,
    /// A file with further rules, in the format of QEMU's configuration files. The groups
    /// `inject-error` and `set-state` have the members of the lists by these names.
    pub config: Option<String>,
    /// The alignment of requests in bytes, a power of 2.
    pub align: Option<i64>,
    /// The largest number of bytes in a read or a write.
    pub max_transfer: Option<i32>,
    /// The alignment of requests for zeroes in bytes. Only powers of 2 are supported.
    pub opt_write_zero: Option<i32>,
    /// The largest number of bytes in a request for zeroes.
    pub max_write_zero: Option<i32>,
    /// The alignment of discard requests in bytes. Only powers of 2 are supported.
    pub opt_discard: Option<i32>,
    /// The largest number of bytes in a discard request.
    pub max_discard: Option<i32>,
    /// The rules by which requests fail.
    pub inject_error: Option<Vec<BlkdebugInjectErrorOptions>>,
    /// The rules by which the state changes. The first state is 1.
    pub set_state: Option<Vec<BlkdebugSetStateOptions>>,
    /// Permissions that the node takes on `image`, besides those that its own users take.
    #[qapi(since = "5.1")]
    pub take_child_perms: Option<Vec<BlockPermission>>,
    /// Permissions on `image` that the node does not share with others.
    #[qapi(since = "5.1")]
    pub unshare_child_perms: Option<Vec<BlockPermission>>,
}

impl BlockdevOptionsBlkdebug {
    /// A node that passes all requests to another one.
    pub fn new(image: BlockdevRef) -> Self {
        BlockdevOptionsBlkdebug {
            image,
            config: None,
            align: None,
            max_transfer: None,
            opt_write_zero: None,
            max_write_zero: None,
            opt_discard: None,
            max_discard: None,
            inject_error: None,
            set_state: None,
            take_child_perms: None,
            unshare_child_perms: None,
        }
    }
}

/// A rule by which requests fail.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlkdebugInjectErrorOptions {
    /// The event that activates the rule in place of those that are active.
    pub event: BlkdebugEvent,
    /// The state in which the event activates the rule; any state by default.
    pub state: Option<i64>,
    /// The kind of requests that fail; all but `block-status` by default.
    #[qapi(since = "4.1")]
    pub iotype: Option<BlkdebugIoType>,
    /// The error number; by default 5, an input/output error. With 0, requests that match the
    /// rule succeed, even if a later rule matches too.
    pub errno: Option<i64>,
    /// The sector of 512 bytes that a request must touch to fail; any sector by default.
    pub sector: Option<i64>,
    /// Whether the rule is removed once a request has failed by it; `false` by default.
    pub once: Option<bool>,
    /// Whether the error is reported without a detour through the main loop. Without effect, as
    /// threads carry out all requests.
    pub immediately: Option<bool>,
}

impl BlkdebugInjectErrorOptions {
    /// A rule that an event activates, with defaults for all other members.
    pub fn new(event: BlkdebugEvent) -> Self {
        BlkdebugInjectErrorOptions {
            event,
            state: None,
            iotype: None,
            errno: None,
            sector: None,
            once: None,
            immediately: None,
        }
    }
}

/// A rule by which the state changes.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlkdebugSetStateOptions {
    /// The event that changes the state.
    pub event: BlkdebugEvent,
    /// The state in which the event changes the state; any state by default.
    pub state: Option<i64>,
    /// The new state.
    #[qapi(name = "new_state", name_exception)]
    pub new_state: i64,
}

/// A kind of request.
#[qapi_enum(name = "BlkdebugIOType", since = "4.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlkdebugIoType {
    /// Reads.
    Read,
    /// Writes of data.
    Write,
    /// Writes of zeroes.
    WriteZeroes,
    /// Discards.
    Discard,
    /// Flushes.
    Flush,
    /// Queries of the allocation status.
    BlockStatus,
}

/// A permission on a node: QEMU's `BLK_PERM_*`.
#[qapi_enum(since = "4.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockPermission {
    /// To read the contents as a guest sees them.
    ConsistentRead,
    /// To change the contents.
    Write,
    /// To write without changing the contents.
    WriteUnchanged,
    /// To change the size.
    Resize,
}
