//! `BlockdevOptionsBlkdebug`: a node that fails on demand, as a client describes it.

use qapi_core::{qapi_enum, qapi_struct};

use super::blkdebug_event::BlkdebugEvent;
use super::options::BlockdevRef;

/// A node that shows another one, and fails by rules.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone)]
pub struct BlockdevOptionsBlkdebug {
    /// The node that it shows.
    pub image: BlockdevRef,
    /// A file with rules. Not supported: they are given here.
    pub config: Option<String>,
    /// Requests begin and end at multiples of so many bytes, a power of 2: what does not is read
    /// and written with what is beside it.
    pub align: Option<i64>,
    /// How many bytes are read or written at a time, at most.
    pub max_transfer: Option<i32>,
    /// What is made zero begins and ends at multiples of so many bytes; the rest is written. Only
    /// powers of 2 are supported.
    pub opt_write_zero: Option<i32>,
    /// How many bytes are made zero at a time, at most.
    pub max_write_zero: Option<i32>,
    /// What is given up begins and ends at multiples of so many bytes. Only powers of 2 are
    /// supported.
    pub opt_discard: Option<i32>,
    /// How many bytes are given up at a time, at most.
    pub max_discard: Option<i32>,
    /// The rules by which requests fail.
    pub inject_error: Option<Vec<BlkdebugInjectErrorOptions>>,
    /// The rules by which the state changes, which begins as 1.
    pub set_state: Option<Vec<BlkdebugSetStateOptions>>,
    /// What the node does to the one that it shows besides what is done to itself.
    #[qapi(since = "5.1")]
    pub take_child_perms: Option<Vec<BlockPermission>>,
    /// What the node does not let others do to the one that it shows.
    #[qapi(since = "5.1")]
    pub unshare_child_perms: Option<Vec<BlockPermission>>,
}

/// A rule by which requests fail.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone, Copy)]
pub struct BlkdebugInjectErrorOptions {
    /// What brings the rule into force, in place of those that are.
    pub event: BlkdebugEvent,
    /// The state in which the rule waits for that; any unless said otherwise.
    pub state: Option<i64>,
    /// The requests that fail; all but `block-status` unless said otherwise.
    #[qapi(since = "4.1")]
    pub iotype: Option<BlkdebugIOType>,
    /// The number of the error; 5, an input/output error, unless said otherwise. With 0, what the
    /// rule fits does not fail by later ones either.
    pub errno: Option<i64>,
    /// The sector of 512 bytes that requests must touch to fail; any unless said otherwise.
    pub sector: Option<i64>,
    /// Whether the rule is gone once a request has failed by it; it stays unless said otherwise.
    pub once: Option<bool>,
    /// Whether the error is told without a detour by the main loop. Without effect: requests are
    /// made by threads, and errors always take the same way.
    pub immediately: Option<bool>,
}

/// A rule by which the state changes.
#[qapi_struct(since = "2.9")]
#[derive(Debug, Clone, Copy)]
pub struct BlkdebugSetStateOptions {
    /// What the rule waits for.
    pub event: BlkdebugEvent,
    /// The state in which the rule waits for that; any unless said otherwise.
    pub state: Option<i64>,
    /// The state from then on.
    #[qapi(name = "new_state", name_exception)]
    pub new_state: i64,
}

/// A kind of request.
#[qapi_enum(since = "4.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlkdebugIOType {
    /// Reading.
    Read,
    /// Writing data.
    Write,
    /// Making zero.
    WriteZeroes,
    /// Giving up space.
    Discard,
    /// Making last what was written.
    Flush,
    /// Asking what is allocated.
    BlockStatus,
}

/// What can be done to a node.
#[qapi_enum(since = "4.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockPermission {
    /// Reading what a guest would see.
    ConsistentRead,
    /// Changing the contents.
    Write,
    /// Writing what changes nothing.
    WriteUnchanged,
    /// Changing the size.
    Resize,
}
