//! The options of qcow2 nodes that apply to the tables of their images.

use crate::error::{Error, Result};
use crate::image::qcow2::header::Header;
use crate::image::qcow2::{CacheSizes, OverlapChecks};
use crate::options::drivers::{Qcow2OverlapCheckMode, Qcow2OverlapChecks};
use crate::options::{BlockdevOptionsQcow2, unsigned};

/// The options of a node that apply to the tables of its image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    pub(super) cache_sizes: CacheSizes,
    pub(super) overlap_checks: OverlapChecks,
}

impl Tuning {
    /// Reads and checks the options, in the order of QEMU's checks.
    pub(super) fn of(options: &BlockdevOptionsQcow2, header: &Header) -> Result<Self> {
        let cache_sizes = cache_sizes(options)?;
        cache_sizes.check(header)?;
        let invalid = |text: &str| Err(Error::InvalidOption(text.to_owned()));
        let interval = options.cache_clean_interval.unwrap_or(0);
        if u32::try_from(interval).is_err() {
            return invalid("Cache clean interval too big");
        }
        if header.version() < 3 && options.lazy_refcounts == Some(true) {
            return invalid(
                "Lazy refcounts require a qcow2 image with at least qemu 1.1 compatibility level",
            );
        }
        if header.version() < 3 && options.discard_no_unref == Some(true) {
            return invalid("discard-no-unref is only supported since qcow2 version 3");
        }
        let overlap_checks = options.overlap_check.as_ref();
        let overlap_checks = overlap_checks.map_or_else(OverlapChecks::default, checks);
        Ok(Tuning { cache_sizes, overlap_checks })
    }
}

fn cache_sizes(options: &BlockdevOptionsQcow2) -> Result<CacheSizes> {
    Ok(CacheSizes {
        total: unsigned(options.cache_size, "cache-size")?,
        l2: unsigned(options.l2_cache_size, "l2-cache-size")?,
        l2_entry: unsigned(options.l2_cache_entry_size, "l2-cache-entry-size")?,
        refcounts: unsigned(options.refcount_cache_size, "refcount-cache-size")?,
    })
}

fn template(mode: Qcow2OverlapCheckMode) -> OverlapChecks {
    match mode {
        Qcow2OverlapCheckMode::None => OverlapChecks::empty(),
        Qcow2OverlapCheckMode::Constant => OverlapChecks::CONSTANT,
        Qcow2OverlapCheckMode::Cached => OverlapChecks::CACHED,
        Qcow2OverlapCheckMode::All => OverlapChecks::ALL,
    }
}

/// The metadata that an option selects: that of a template, except where a flag says otherwise.
fn checks(option: &Qcow2OverlapChecks) -> OverlapChecks {
    let flags = match option {
        Qcow2OverlapChecks::Mode(mode) => return template(*mode),
        Qcow2OverlapChecks::Flags(flags) => flags,
    };
    let mut checks = flags.template.map_or_else(OverlapChecks::default, template);
    let given = [
        (OverlapChecks::MAIN_HEADER, flags.main_header),
        (OverlapChecks::ACTIVE_L1, flags.active_l1),
        (OverlapChecks::ACTIVE_L2, flags.active_l2),
        (OverlapChecks::REFCOUNT_TABLE, flags.refcount_table),
        (OverlapChecks::REFCOUNT_BLOCK, flags.refcount_block),
        (OverlapChecks::SNAPSHOT_TABLE, flags.snapshot_table),
        (OverlapChecks::INACTIVE_L1, flags.inactive_l1),
        (OverlapChecks::INACTIVE_L2, flags.inactive_l2),
        (OverlapChecks::BITMAP_DIRECTORY, flags.bitmap_directory),
    ];
    for (check, flag) in given {
        if let Some(flag) = flag {
            checks.set(check, flag);
        }
    }
    checks
}
