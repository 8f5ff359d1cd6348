//! `BlockdevOptionsBlkdebug`: a node that fails on demand, as a client describes it.

use nix::libc::EIO;
use qapi_core::{Error, Result, qapi_enum, qapi_struct};
use serde_json::Value;

use super::blkdebug_event::BlkdebugEvent;
use super::convert::child;
use super::options::BlockdevRef;
use crate::image::blkdebug::Limits;
use crate::image::blkdebug::rules::{InjectError, IoTypes, RuleOptions, SetState};
use crate::image::permissions::{Access, Permissions};
use crate::image::storage::SECTOR_SIZE;
use crate::nodes::options::{Blkdebug, BlkdebugOptions};

/// The largest number that an error of the system has.
const ERRNO_MAX: i32 = 4095;
/// Says of a rule that it fits wherever requests are.
const ANY_SECTOR: i64 = -1;

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
    let (inject_error, set_state) =
        (inject_error.unwrap_or_default(), set_state.unwrap_or_default());
    let given = given(&inject_error, &set_state);
    let rules = RuleOptions {
        inject_error: inject_error.into_iter().map(inject_rule).collect::<Result<_>>()?,
        set_state: set_state.into_iter().map(set_state_rule).collect::<Result<_>>()?,
    };
    let all = |kinds: Option<Vec<BlockPermission>>| {
        kinds.into_iter().flatten().map(permission).collect::<Permissions>()
    };
    let access = Access { takes: all(take_child_perms), shares: !all(unshare_child_perms) };
    let blkdebug = Box::new(Blkdebug { limits, rules, given, access });
    Ok(BlkdebugOptions { image: child(image)?, blkdebug })
}

fn size<T: Into<i64> + Copy>(given: Option<T>, name: &str) -> Result<Option<u64>> {
    let Some(given) = given.map(Into::into) else { return Ok(None) };
    u64::try_from(given).map(Some).map_err(|_| {
        Error::generic(format!("Value '{given}' is out of range for parameter '{name}'"))
    })
}

fn inject_rule(options: BlkdebugInjectErrorOptions) -> Result<InjectError> {
    let BlkdebugInjectErrorOptions { event, state, iotype, errno, sector, once, immediately: _ } =
        options;
    let invalid = |name, given: i64| {
        Error::generic(format!("Value '{given}' is out of range for parameter '{name}'"))
    };
    let errno = errno.unwrap_or(i64::from(EIO));
    let offset = match sector.unwrap_or(ANY_SECTOR) {
        ANY_SECTOR => None,
        // A byte beyond all images is touched by no request.
        sector => Some(
            u64::try_from(sector)
                .map_err(|_| invalid("sector", sector))?
                .saturating_mul(SECTOR_SIZE),
        ),
    };
    Ok(InjectError {
        event: event.event()?,
        state: state.unwrap_or(0),
        io_types: iotype.map_or(IoTypes::DEFAULT, io_type),
        errno: i32::try_from(errno)
            .ok()
            .filter(|errno| (0..=ERRNO_MAX).contains(errno))
            .ok_or_else(|| invalid("errno", errno))?,
        offset,
        once: once.unwrap_or(false),
    })
}

fn set_state_rule(options: BlkdebugSetStateOptions) -> Result<SetState> {
    let BlkdebugSetStateOptions { event, state, new_state } = options;
    Ok(SetState { event: event.event()?, state: state.unwrap_or(0), new_state })
}

fn io_type(iotype: BlkdebugIOType) -> IoTypes {
    match iotype {
        BlkdebugIOType::Read => IoTypes::READ,
        BlkdebugIOType::Write => IoTypes::WRITE,
        BlkdebugIOType::WriteZeroes => IoTypes::WRITE_ZEROES,
        BlkdebugIOType::Discard => IoTypes::DISCARD,
        BlkdebugIOType::Flush => IoTypes::FLUSH,
        BlkdebugIOType::BlockStatus => IoTypes::BLOCK_STATUS,
    }
}

fn permission(permission: BlockPermission) -> Permissions {
    match permission {
        BlockPermission::ConsistentRead => Permissions::CONSISTENT_READ,
        BlockPermission::Write => Permissions::WRITE,
        BlockPermission::WriteUnchanged => Permissions::WRITE_UNCHANGED,
        BlockPermission::Resize => Permissions::RESIZE,
    }
}

/// The members of the rules as they were given, by the names that they have in the names of images.
fn given(
    inject_error: &[BlkdebugInjectErrorOptions],
    set_state: &[BlkdebugSetStateOptions],
) -> Vec<(String, Value)> {
    let mut given = Vec::new();
    let mut add = |rule: &str, number: usize, name: &str, value: Option<Value>| {
        given.extend(value.map(|value| (format!("{rule}.{number}.{name}"), value)));
    };
    for (number, options) in inject_error.iter().enumerate() {
        let BlkdebugInjectErrorOptions { event, state, iotype, errno, sector, once, immediately } =
            options;
        for (name, value) in [
            ("event", Some(event.as_str().into())),
            ("state", state.map(Value::from)),
            ("iotype", iotype.map(|iotype| iotype.as_str().into())),
            ("errno", errno.map(Value::from)),
            ("sector", sector.map(Value::from)),
            ("once", once.map(Value::from)),
            ("immediately", immediately.map(Value::from)),
        ] {
            add("inject-error", number, name, value);
        }
    }
    for (number, options) in set_state.iter().enumerate() {
        let BlkdebugSetStateOptions { event, state, new_state } = options;
        for (name, value) in [
            ("event", Some(event.as_str().into())),
            ("state", state.map(Value::from)),
            ("new_state", Some(Value::from(*new_state))),
        ] {
            add("set-state", number, name, value);
        }
    }
    given
}
