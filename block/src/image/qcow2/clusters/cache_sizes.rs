//! The sizes of the caches for tables.

use std::num::NonZeroUsize;

use crate::error::{Error, Result};
use crate::image::qcow2::header::Header;

/// The default limit of the cache for L2 tables in bytes.
const L2_CACHE_MAX: u64 = 32 << 20;
/// The smallest number of slices of L2 tables in the cache.
const MIN_SLICES: u64 = 2;
/// The smallest number of refcount blocks in the cache.
const MIN_BLOCKS: u64 = 4;
/// The smallest size of a slice of an L2 table in bytes.
const MIN_SLICE_SIZE: u64 = 512;
/// The size in bytes of slices when the cache cannot contain all L2 tables.
const SMALL_SLICE_SIZE: u64 = 4096;

/// The sizes of the caches of an image in bytes, as the options of the driver `qcow2` give them.
///
/// Absent sizes have QEMU's defaults: the L2 cache covers the whole image, but takes at most
/// 32 MiB, and the refcount cache has 4 blocks. Caches grow to their sizes as tables are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheSizes {
    /// The size of both caches: the option `cache-size`.
    pub total: Option<u64>,
    /// The size of the cache for L2 tables: the option `l2-cache-size`.
    pub l2: Option<u64>,
    /// The size of a piece of an L2 table that is read at once: the option `l2-cache-entry-size`.
    pub l2_entry: Option<u64>,
    /// The size of the cache for refcount blocks: the option `refcount-cache-size`.
    pub refcounts: Option<u64>,
}

/// The numbers of pieces in the caches of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CachedPieces {
    pub(super) slices: NonZeroUsize,
    pub(super) slice_size: u64,
    pub(super) blocks: NonZeroUsize,
}

impl CacheSizes {
    /// Checks the sizes for an image.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with QEMU's text, for sizes that contradict each other or do not
    /// fit the image.
    pub fn check(&self, header: &Header) -> Result<()> {
        self.pieces(header).map(|_| ())
    }

    pub(super) fn pieces(&self, header: &Header) -> Result<CachedPieces> {
        let cluster_size = header.cluster_size();
        let entry_size = if header.extended_l2() { 16 } else { 8 };
        let clusters = header.size().div_ceil(cluster_size);
        let all_tables = (clusters * entry_size).next_multiple_of(cluster_size);
        let (l2_cache, refcount_cache) = self.divide(all_tables, MIN_BLOCKS * cluster_size)?;
        let default_slice = match l2_cache < all_tables {
            true => cluster_size.min(SMALL_SLICE_SIZE),
            false => cluster_size,
        };
        let slice_size = self.l2_entry.unwrap_or(default_slice);
        if !slice_size.is_power_of_two() || !(MIN_SLICE_SIZE..=cluster_size).contains(&slice_size)
        {
            return Err(Error::InvalidOption(format!(
                "L2 cache entry size must be a power of two between {MIN_SLICE_SIZE} and the \
                 cluster size ({cluster_size})"
            )));
        }
        let count = |pieces: u64, least: u64, too_big: &str| {
            let pieces = i32::try_from(pieces.max(least)).ok();
            let pieces = pieces.and_then(|pieces| NonZeroUsize::new(pieces as usize));
            pieces.ok_or_else(|| Error::InvalidOption(too_big.to_owned()))
        };
        Ok(CachedPieces {
            slices: count(l2_cache / slice_size, MIN_SLICES, "L2 cache size too big")?,
            slice_size,
            blocks: count(
                refcount_cache / cluster_size,
                MIN_BLOCKS,
                "Refcount cache size too big",
            )?,
        })
    }

    /// The sizes of the L2 cache and the refcount cache in bytes.
    fn divide(&self, all_tables: u64, min_refcounts: u64) -> Result<(u64, u64)> {
        let refuse = |text: &str| Err(Error::InvalidOption(text.to_owned()));
        let l2_max = self.l2.unwrap_or(L2_CACHE_MAX);
        let l2 = l2_max.min(all_tables);
        let refcounts = self.refcounts.unwrap_or(0);
        let Some(total) = self.total else { return Ok((l2, refcounts)) };
        if self.l2.is_some() && self.refcounts.is_some() {
            return refuse(
                "cache-size, l2-cache-size and refcount-cache-size may not be set at the same time",
            );
        }
        if self.l2.is_some() && l2_max > total {
            return refuse("l2-cache-size may not exceed cache-size");
        }
        if refcounts > total {
            return refuse("refcount-cache-size may not exceed cache-size");
        }
        if self.l2.is_some() {
            return Ok((l2, total - l2));
        }
        if self.refcounts.is_some() {
            return Ok((total - refcounts, refcounts));
        }
        if total >= all_tables + min_refcounts {
            return Ok((all_tables, total - all_tables));
        }
        let refcounts = total.min(min_refcounts);
        Ok((total - refcounts, refcounts))
    }
}
