//! From what a client says about a node to what the node layer is told.
//!
//! What the schema allows and this program does not have is refused here, by name: an option that
//! is silently ignored would be believed.

use block::nodes::options::{
    Aio, BackingOption, CacheOptions, Child, DetectZeroes, Discard, DriverOptions, FileOptions,
    Locking, NodeOptions, NullOptions, Qcow2Options, RawOptions,
};
use qapi_core::{Error, Result};

use super::blkdebug::blkdebug;
use crate::messages;
use crate::schema::blockdev::drivers::{
    BlockdevAioOptions, BlockdevOptionsFile, BlockdevOptionsNull, BlockdevOptionsQcow2,
    BlockdevOptionsRaw, OnOffAuto,
};
use crate::schema::blockdev::options::{
    BlockdevCacheOptions, BlockdevDetectZeroesOptions, BlockdevDiscardOptions,
    BlockdevDriverOptions, BlockdevOptions, BlockdevRef, BlockdevRefOrNull,
};

/// What the node layer is to be told.
///
/// # Errors
/// An option that the schema allows and this program does not support.
pub fn node_options(options: BlockdevOptions) -> Result<NodeOptions> {
    let BlockdevOptions {
        driver,
        node_name,
        discard,
        cache,
        active,
        read_only,
        auto_read_only,
        force_share,
        detect_zeroes,
    } = options;
    require(active != Some(false), "active=off")?;
    Ok(NodeOptions {
        node_name,
        read_only,
        auto_read_only,
        discard: discard.map(|discard| match discard {
            BlockdevDiscardOptions::Ignore => Discard::Ignore,
            BlockdevDiscardOptions::Unmap => Discard::Unmap,
        }),
        detect_zeroes: detect_zeroes.map(|detect_zeroes| match detect_zeroes {
            BlockdevDetectZeroesOptions::Off => DetectZeroes::Off,
            BlockdevDetectZeroesOptions::On => DetectZeroes::On,
            BlockdevDetectZeroesOptions::Unmap => DetectZeroes::Unmap,
        }),
        force_share,
        cache: cache.map_or_else(CacheOptions::default, |cache| {
            let BlockdevCacheOptions { direct, no_flush } = cache;
            CacheOptions { direct, no_flush }
        }),
        driver: driver_options(driver)?,
    })
}

fn driver_options(options: BlockdevDriverOptions) -> Result<DriverOptions> {
    Ok(match options {
        BlockdevDriverOptions::Blkdebug(options) => DriverOptions::Blkdebug(blkdebug(*options)?),
        BlockdevDriverOptions::File(options) => DriverOptions::File(file(options)?),
        BlockdevDriverOptions::NullCo(options) => DriverOptions::NullCo(null(options)?),
        BlockdevDriverOptions::Qcow2(options) => DriverOptions::Qcow2(qcow2(options)?),
        BlockdevDriverOptions::Raw(options) => DriverOptions::Raw(raw(options)?),
    })
}

fn file(options: BlockdevOptionsFile) -> Result<FileOptions> {
    let BlockdevOptionsFile {
        filename,
        pr_manager,
        locking,
        aio,
        aio_max_batch: _,
        drop_cache: _,
        x_check_cache_dropped: _,
    } = options;
    if let Some(id) = pr_manager {
        let text = format!("No persistent reservation manager with id '{id}'");
        return Err(Error::generic(text));
    }
    let locking = locking.map(|locking| match locking {
        OnOffAuto::Auto => Locking::Auto,
        OnOffAuto::On => Locking::On,
        OnOffAuto::Off => Locking::Off,
    });
    let aio = aio.map(|aio| match aio {
        BlockdevAioOptions::Threads => Aio::Threads,
        BlockdevAioOptions::Native => Aio::Native,
        BlockdevAioOptions::IoUring => Aio::IoUring,
    });
    Ok(FileOptions { filename, locking, aio })
}

fn null(options: BlockdevOptionsNull) -> Result<NullOptions> {
    let BlockdevOptionsNull { size, latency_ns, read_zeroes } = options;
    require(matches!(latency_ns, None | Some(0)), "latency-ns")?;
    let size = size.map(u64::try_from).transpose().map_err(|_| "size is invalid")?;
    Ok(NullOptions { size, read_zeroes })
}

fn qcow2(options: BlockdevOptionsQcow2) -> Result<Qcow2Options> {
    let file = child(options.format.format.file)?;
    let backing = match options.format.backing {
        None => BackingOption::FromHeader,
        Some(BlockdevRefOrNull::Null(_)) => BackingOption::None,
        Some(BlockdevRefOrNull::Reference(name)) if name.is_empty() => BackingOption::None,
        Some(BlockdevRefOrNull::Reference(name)) => BackingOption::Child(Child::Reference(name)),
        Some(BlockdevRefOrNull::Definition(options)) => {
            BackingOption::Child(Child::Inline(Box::new(node_options(*options)?)))
        }
    };
    let data_file = options.data_file.map(child).transpose()?;
    Ok(Qcow2Options { file, backing, data_file })
}

fn raw(options: BlockdevOptionsRaw) -> Result<RawOptions> {
    let unsigned = |value: Option<i64>, name| {
        let out_of_range =
            |given| format!("Value '{given}' is out of range for parameter '{name}'");
        value.map(|given| u64::try_from(given).map_err(|_| out_of_range(given))).transpose()
    };
    let offset = unsigned(options.offset, "offset")?;
    let size = unsigned(options.size, "size")?;
    Ok(RawOptions { file: child(options.format.file)?, offset, size })
}

/// A reference to a node, as the node layer wants it.
///
/// # Errors
/// Those of [`node_options`].
pub fn child(reference: BlockdevRef) -> Result<Child> {
    Ok(match reference {
        BlockdevRef::Reference(name) => Child::Reference(name),
        BlockdevRef::Definition(options) => Child::Inline(Box::new(node_options(*options)?)),
    })
}

/// Refuses an option that the schema allows and this program does not have.
fn require(supported: bool, option: &str) -> Result<()> {
    if supported { Ok(()) } else { Err(messages::not_supported(option)) }
}
