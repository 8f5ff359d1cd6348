//! Options that the schema allows and this library does not support.
//!
//! They are refused by name, as a client would rely on an option that is silently ignored.

use super::blkdebug_options::Blkdebug;
use crate::error::{Error, Result};
use crate::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsFile, BlockdevOptionsNull,
    BlockdevOptionsQcow2, BlockdevRef, BlockdevRefOrNull, MAX_DEPTH,
};

impl BlockdevOptions {
    /// Refuses options of the node, and of all nodes described inline below it, that this library
    /// does not support or whose values are out of range.
    ///
    /// [`Graph::add`](super::Graph::add) and similar methods check their options before they
    /// open the first file.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for the first such option; [`Error::ChainTooDeep`] if more than
    /// [`MAX_DEPTH`] nodes are described one below the other.
    pub fn check_supported(&self) -> Result<()> {
        check(self, 0)
    }
}

impl BlockdevRef {
    /// As [`BlockdevOptions::check_supported`], for a node that is described inline.
    ///
    /// # Errors
    /// As for [`BlockdevOptions::check_supported`].
    pub fn check_supported(&self) -> Result<()> {
        check_child(self, 0)
    }
}

/// Checks a description below `depth` others. The depth is checked first, as this function and all
/// later work on the description recurse.
fn check(options: &BlockdevOptions, depth: usize) -> Result<()> {
    if depth >= MAX_DEPTH {
        return Err(Error::ChainTooDeep(MAX_DEPTH));
    }
    match &options.driver {
        BlockdevDriverOptions::Blkdebug(options) => {
            Blkdebug::new(options)?;
            check_child(&options.image, depth + 1)
        }
        BlockdevDriverOptions::Compress(options) => check_child(&options.file, depth + 1),
        BlockdevDriverOptions::CopyOnRead(options) => {
            check_child(&options.format.file, depth + 1)
        }
        BlockdevDriverOptions::File(options)
        | BlockdevDriverOptions::HostCdrom(options)
        | BlockdevDriverOptions::HostDevice(options) => check_file(options),
        BlockdevDriverOptions::NullCo(options) => check_null(options),
        BlockdevDriverOptions::Qcow2(options) => check_qcow2(options, depth + 1),
        BlockdevDriverOptions::Raw(options) => {
            options.offset_bytes()?;
            options.size_bytes()?;
            check_child(&options.format.file, depth + 1)
        }
        BlockdevDriverOptions::Preallocate(options) => {
            check_child(&options.format.file, depth + 1)
        }
        BlockdevDriverOptions::Throttle(options) => check_child(&options.file, depth + 1),
    }
}

fn check_child(child: &BlockdevRef, depth: usize) -> Result<()> {
    match child {
        BlockdevRef::Definition(options) => check(options, depth),
        BlockdevRef::Reference(_) => Ok(()),
    }
}

fn check_file(options: &BlockdevOptionsFile) -> Result<()> {
    match &options.pr_manager {
        Some(id) => {
            Err(Error::InvalidOption(format!("No persistent reservation manager with id '{id}'")))
        }
        None => Ok(()),
    }
}

fn check_null(options: &BlockdevOptionsNull) -> Result<()> {
    require(matches!(options.latency_ns, None | Some(0)), "latency-ns")?;
    options.size_bytes().map(drop)
}

fn check_qcow2(options: &BlockdevOptionsQcow2, depth: usize) -> Result<()> {
    check_child(&options.format.format.file, depth)?;
    match &options.format.backing {
        Some(BlockdevRefOrNull::Definition(options)) => check(options, depth)?,
        Some(BlockdevRefOrNull::Reference(_) | BlockdevRefOrNull::Null(_)) | None => {}
    }
    options.data_file.as_ref().map_or(Ok(()), |child| check_child(child, depth))
}

fn require(supported: bool, option: &str) -> Result<()> {
    if supported {
        Ok(())
    } else {
        Err(Error::InvalidOption(format!("{option} is not supported by this program")))
    }
}
