//! The options of a qcow2 node that tune its image.

use crate::error::{Error, Result};
use crate::image::qcow2::header::Header;
use crate::image::qcow2::{CacheSizes, DiscardPolicy, OverlapChecks};
use crate::options::drivers::{
    Qcow2OverlapCheckFlags, Qcow2OverlapCheckMode, Qcow2OverlapChecks,
};
use crate::options::{BlockdevDiscardOptions, BlockdevOptionsQcow2, unsigned};

/// The options as the description of a node gives them. They can change when the node is reopened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Qcow2Tuning {
    lazy_refcounts: Option<bool>,
    pass_discard_request: Option<bool>,
    pass_discard_snapshot: Option<bool>,
    pass_discard_other: Option<bool>,
    discard_no_unref: Option<bool>,
    cache_size: Option<i64>,
    l2_cache_size: Option<i64>,
    l2_cache_entry_size: Option<i64>,
    refcount_cache_size: Option<i64>,
    cache_clean_interval: Option<i64>,
    pub(super) overlap_checks: OverlapChecks,
}

impl From<&BlockdevOptionsQcow2> for Qcow2Tuning {
    fn from(options: &BlockdevOptionsQcow2) -> Self {
        Qcow2Tuning {
            lazy_refcounts: options.lazy_refcounts,
            pass_discard_request: options.pass_discard_request,
            pass_discard_snapshot: options.pass_discard_snapshot,
            pass_discard_other: options.pass_discard_other,
            discard_no_unref: options.discard_no_unref,
            cache_size: options.cache_size,
            l2_cache_size: options.l2_cache_size,
            l2_cache_entry_size: options.l2_cache_entry_size,
            refcount_cache_size: options.refcount_cache_size,
            cache_clean_interval: options.cache_clean_interval,
            overlap_checks: options
                .overlap_check
                .as_ref()
                .map(overlap_checks)
                .unwrap_or_default(),
        }
    }
}

impl Qcow2Tuning {
    /// The handling of freed clusters, for a node with this option `discard`.
    pub(super) fn discard_policy(&self, discard: BlockdevDiscardOptions) -> DiscardPolicy {
        let unmap = discard == BlockdevDiscardOptions::Unmap;
        DiscardPolicy {
            unmap,
            pass_request: self.pass_discard_request.unwrap_or(unmap),
            pass_snapshot: self.pass_discard_snapshot.unwrap_or(true),
            pass_other: self.pass_discard_other.unwrap_or(false),
            no_unref: self.discard_no_unref.unwrap_or(false),
        }
    }

    /// The sizes of the caches, after a check of all options against the image.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with QEMU's text.
    pub(super) fn check(&self, header: &Header) -> Result<CacheSizes> {
        let refused = |text: &str| Err(Error::InvalidOption(text.to_owned()));
        let sizes = CacheSizes {
            total: unsigned(self.cache_size, "cache-size")?,
            l2: unsigned(self.l2_cache_size, "l2-cache-size")?,
            refcounts: unsigned(self.refcount_cache_size, "refcount-cache-size")?,
            l2_entry: unsigned(self.l2_cache_entry_size, "l2-cache-entry-size")?,
        };
        sizes.check(header)?;
        // A negative number is a large one, as in QEMU.
        if self.cache_clean_interval.is_some_and(|seconds| u32::try_from(seconds).is_err()) {
            return refused("Cache clean interval too big");
        }
        let is_version_2 = header.version() < 3;
        if self.lazy_refcounts == Some(true) && is_version_2 {
            return refused(
                "Lazy refcounts require a qcow2 image with at least qemu 1.1 compatibility level",
            );
        }
        if self.discard_no_unref == Some(true) && is_version_2 {
            return refused("discard-no-unref is only supported since qcow2 version 3");
        }
        Ok(sizes)
    }
}

/// The metadata that is checked. Absent flags have the value of the template, which is `cached` by
/// default.
fn overlap_checks(option: &Qcow2OverlapChecks) -> OverlapChecks {
    match option {
        Qcow2OverlapChecks::Mode(mode) => template(*mode),
        Qcow2OverlapChecks::Flags(flags) => {
            let Qcow2OverlapCheckFlags {
                template: given,
                main_header,
                active_l1,
                active_l2,
                refcount_table,
                refcount_block,
                snapshot_table,
                inactive_l1,
                inactive_l2,
                bitmap_directory,
            } = **flags;
            let mut checks = given.map(template).unwrap_or_default();
            for (flag, given) in [
                (OverlapChecks::MAIN_HEADER, main_header),
                (OverlapChecks::ACTIVE_L1, active_l1),
                (OverlapChecks::ACTIVE_L2, active_l2),
                (OverlapChecks::REFCOUNT_TABLE, refcount_table),
                (OverlapChecks::REFCOUNT_BLOCK, refcount_block),
                (OverlapChecks::SNAPSHOT_TABLE, snapshot_table),
                (OverlapChecks::INACTIVE_L1, inactive_l1),
                (OverlapChecks::INACTIVE_L2, inactive_l2),
                (OverlapChecks::BITMAP_DIRECTORY, bitmap_directory),
            ] {
                checks.set(flag, given.unwrap_or(checks.contains(flag)));
            }
            checks
        }
    }
}

fn template(mode: Qcow2OverlapCheckMode) -> OverlapChecks {
    match mode {
        Qcow2OverlapCheckMode::None => OverlapChecks::empty(),
        Qcow2OverlapCheckMode::Constant => OverlapChecks::CONSTANT,
        Qcow2OverlapCheckMode::Cached => OverlapChecks::CACHED,
        Qcow2OverlapCheckMode::All => OverlapChecks::ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_flags_have_the_value_of_the_template() {
        let flags = Qcow2OverlapCheckFlags {
            template: Some(Qcow2OverlapCheckMode::Constant),
            main_header: Some(false),
            active_l1: None,
            active_l2: Some(true),
            refcount_table: None,
            refcount_block: None,
            snapshot_table: None,
            inactive_l1: None,
            inactive_l2: None,
            bitmap_directory: None,
        };
        let mut expected = OverlapChecks::CONSTANT | OverlapChecks::ACTIVE_L2;
        expected.remove(OverlapChecks::MAIN_HEADER);
        assert_eq!(overlap_checks(&Qcow2OverlapChecks::Flags(Box::new(flags))), expected);
        let mode = Qcow2OverlapChecks::Mode(Qcow2OverlapCheckMode::None);
        assert_eq!(overlap_checks(&mode), OverlapChecks::empty());
    }
}
