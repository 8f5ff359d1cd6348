//! Options that `blockdev-reopen` cannot change.

use super::backing::without_job_filters;
use super::inherit::Settings;
use super::node::Node;
use crate::error::{Error, Result};
use crate::options::{
    BlockdevDriverOptions, BlockdevOptionsFile, BlockdevOptionsNull, BlockdevRef,
};

/// The option `force-share` cannot change. A new description must not contain it, and must not omit
/// it if the node or one above it had it.
pub(super) fn check_force_share(node: &Node, new: &Settings) -> Result<()> {
    let old = node.settings.read().common.force_share;
    match (old, new.common.force_share) {
        (_, Some(_)) => Err(Error::OptionFixed("force-share")),
        (Some(_), None) => Err(Error::OptionNotResettable("force-share")),
        (None, None) => Ok(()),
    }
}

/// Checks that an option does not change.
fn check_fixed<T: PartialEq>(name: &'static str, old: Option<&T>, new: Option<&T>) -> Result<()> {
    match (old, new) {
        (Some(_), None) => Err(Error::OptionNotResettable(name)),
        (old, new) if old == new => Ok(()),
        (_, _) => Err(Error::OptionFixed(name)),
    }
}

pub(super) fn check_file(node: &Node, new: &BlockdevOptionsFile) -> Result<()> {
    let Some(old) = &node.file_options else { return Ok(()) };
    check_fixed("filename", Some(&old.filename), Some(&new.filename))?;
    check_fixed("locking", old.locking.as_ref(), new.locking.as_ref())?;
    check_fixed("aio", old.aio.as_ref(), new.aio.as_ref())
}

pub(super) fn check_null(node: &Node, new: &BlockdevOptionsNull) -> Result<()> {
    check_fixed("size", node.range().size.as_ref(), new.size_bytes()?.as_ref())?;
    check_fixed("read-zeroes", node.range().read_zeroes.as_ref(), new.read_zeroes.as_ref())
}

/// Checks that a description contains the file name of a file node, which has no default.
pub(super) fn check_resettable(node: &Node, options: &BlockdevDriverOptions) -> Result<()> {
    match options {
        BlockdevDriverOptions::File(_)
        | BlockdevDriverOptions::HostCdrom(_)
        | BlockdevDriverOptions::HostDevice(_) => Ok(()),
        _other if node.file_options.is_some() => Err(Error::OptionNotResettable("filename")),
        _other => Ok(()),
    }
}

/// Checks that the data file of a node, which cannot be replaced, stays.
pub(super) fn check_data_file(node: &Node, child: &BlockdevRef) -> Result<()> {
    let own = node.data_file().map(without_job_filters);
    match (own, child) {
        (Some(own), BlockdevRef::Definition(_)) if own.is_opened_for(node) => Ok(()),
        (Some(own), BlockdevRef::Reference(name)) if own.name() == name.as_str() => Ok(()),
        (Some(_) | None, _other) => Err(Error::OptionFixed("data-file")),
    }
}
