//! Options that the schema allows and this library does not support.
//!
//! They are refused by name, as a client would rely on an option that is silently ignored.

use super::blkdebug_options::Blkdebug;
use crate::error::{Error, Result};
use crate::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsFile, BlockdevOptionsNull,
    BlockdevOptionsQcow2, BlockdevOptionsRaw, BlockdevRef, BlockdevRefOrNull,
};

impl BlockdevOptions {
    /// Refuses options of the node, and of all nodes described inline below it, that this library
    /// does not support or whose values are out of range.
    ///
    /// [`Graph::add`](super::Graph::add) and similar methods check their options before they
    /// open the first file.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for the first such option.
    pub fn check_supported(&self) -> Result<()> {
        require(self.active != Some(false), "active=off")?;
        match &self.driver {
            BlockdevDriverOptions::Blkdebug(options) => {
                Blkdebug::new(options)?;
                options.image.check_supported()
            }
            BlockdevDriverOptions::File(options) => check_file(options),
            BlockdevDriverOptions::NullCo(options) => check_null(options),
            BlockdevDriverOptions::Qcow2(options) => check_qcow2(options),
            BlockdevDriverOptions::Raw(options) => check_raw(options),
        }
    }
}

impl BlockdevRef {
    /// As [`BlockdevOptions::check_supported`], for a node that is described inline.
    ///
    /// # Errors
    /// As for [`BlockdevOptions::check_supported`].
    pub fn check_supported(&self) -> Result<()> {
        match self {
            BlockdevRef::Definition(options) => options.check_supported(),
            BlockdevRef::Reference(_) => Ok(()),
        }
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

fn check_qcow2(options: &BlockdevOptionsQcow2) -> Result<()> {
    options.format.format.file.check_supported()?;
    match &options.format.backing {
        Some(BlockdevRefOrNull::Definition(options)) => options.check_supported()?,
        Some(BlockdevRefOrNull::Reference(_) | BlockdevRefOrNull::Null(_)) | None => {}
    }
    options.data_file.as_ref().map_or(Ok(()), BlockdevRef::check_supported)
}

fn check_raw(options: &BlockdevOptionsRaw) -> Result<()> {
    options.offset_bytes()?;
    options.size_bytes()?;
    options.format.file.check_supported()
}

fn require(supported: bool, option: &str) -> Result<()> {
    if supported {
        Ok(())
    } else {
        Err(Error::InvalidOption(format!("{option} is not supported by this program")))
    }
}
