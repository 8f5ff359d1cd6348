//! From `BlockdevOptionsBlkdebug` to the options of a blkdebug node.

use block::image::blkdebug::Limits;
use block::image::permissions::{Access, Permissions};
use block::nodes::options::{Blkdebug, BlkdebugOptions, GivenRule};
use qapi_core::{Error, Result};
use serde_json::Value;

use super::blockdev::child;
use crate::schema::blockdev::blkdebug::{
    BlkdebugInjectErrorOptions, BlkdebugSetStateOptions, BlockPermission, BlockdevOptionsBlkdebug,
};

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
