//! `BlockdevOptionsBlkdebug`: a node that fails on demand, as a client describes it.

use qapi_core::{Error, Result, qapi_enum, qapi_struct};
use serde_json::Value;

use super::blkdebug_event::BlkdebugEvent;
use super::convert::child;
use super::options::BlockdevRef;
use crate::image::blkdebug::Limits;
use crate::image::permissions::{Access, Permissions};
use crate::nodes::options::{Blkdebug, BlkdebugOptions, GivenRule};

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

/// What the node layer is to be told.
///
/// # Errors
/// A size or a number that makes no sense, or something that this program does not support.
pub(super) fn blkdebug(options: BlockdevOptionsBlkdebug) -> Result<BlkdebugOptions> {
    let BlockdevOptionsBlkdebug {
        image,
        config,
        align,
        max_transfer,
        opt_write_zero,
        max_write_zero,
        opt_discard,
        max_discard,
        inject_error,
        set_state,
        take_child_perms,
        unshare_child_perms,
    } = options;
    if config.is_some() {
        return Err(Error::generic(
            "config is not supported by this program: give rules in inject-error and set-state",
        ));
    }
    let limits = Limits {
        align: size(align, "align")?,
        max_transfer: size(max_transfer, "max-transfer")?,
        opt_write_zero: size(opt_write_zero, "opt-write-zero")?,
        max_write_zero: size(max_write_zero, "max-write-zero")?,
        opt_discard: size(opt_discard, "opt-discard")?,
        max_discard: size(max_discard, "max-discard")?,
    };
    let inject_error = inject_error.unwrap_or_default().into_iter().map(inject_error_members);
    let set_state = set_state.unwrap_or_default().into_iter().map(set_state_members);
    let all = |kinds: Option<Vec<BlockPermission>>| {
        kinds.into_iter().flatten().map(permission).collect::<Permissions>()
    };
    let access = Access { takes: all(take_child_perms), shares: !all(unshare_child_perms) };
    let blkdebug = Blkdebug::new(limits, inject_error.collect(), set_state.collect(), access)?;
    Ok(BlkdebugOptions { image: child(image)?, blkdebug: Box::new(blkdebug) })
}

fn size<T: Into<i64> + Copy>(given: Option<T>, name: &str) -> Result<Option<u64>> {
    let Some(given) = given.map(Into::into) else { return Ok(None) };
    u64::try_from(given).map(Some).map_err(|_| {
        Error::generic(format!("Value '{given}' is out of range for parameter '{name}'"))
    })
}

fn permission(permission: BlockPermission) -> Permissions {
    match permission {
        BlockPermission::ConsistentRead => Permissions::CONSISTENT_READ,
        BlockPermission::Write => Permissions::WRITE,
        BlockPermission::WriteUnchanged => Permissions::WRITE_UNCHANGED,
        BlockPermission::Resize => Permissions::RESIZE,
    }
}

fn inject_error_members(options: BlkdebugInjectErrorOptions) -> GivenRule {
    let BlkdebugInjectErrorOptions { event, state, iotype, errno, sector, once, immediately } =
        options;
    given([
        ("event", Some(event.as_str().into())),
        ("state", state.map(Value::from)),
        ("iotype", iotype.map(|iotype| iotype.as_str().into())),
        ("errno", errno.map(Value::from)),
        ("sector", sector.map(Value::from)),
        ("once", once.map(Value::from)),
        ("immediately", immediately.map(Value::from)),
    ])
}

fn set_state_members(options: BlkdebugSetStateOptions) -> GivenRule {
    let BlkdebugSetStateOptions { event, state, new_state } = options;
    given([
        ("event", Some(event.as_str().into())),
        ("state", state.map(Value::from)),
        ("new_state", Some(new_state.into())),
    ])
}

/// The members of a rule that are given.
fn given<const N: usize>(members: [(&str, Option<Value>); N]) -> GivenRule {
    let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.collect()
}
