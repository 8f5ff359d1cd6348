//! The state of filters with options that can change.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::image::extent::SECTOR_SIZE;
use crate::image::preallocate::{Preallocate, PreallocateSizes};
use crate::image::throttle::Throttle;
use crate::options::{BlockdevOptionsPreallocate, unsigned};
use crate::throttle::ThrottleMember;

/// The state of a filter that both the node and its image use.
#[derive(Debug)]
pub(super) enum FilterState {
    Throttle(Throttle),
    Preallocate(Preallocate),
}

/// The options of a filter.
#[derive(Clone, Debug)]
pub(super) enum FilterSettings {
    Throttle(Arc<ThrottleMember>),
    Preallocate(PreallocateSizes),
}

impl FilterState {
    /// Changes the options. Returns the former ones, unless `new` is for another driver.
    pub(super) fn set(&self, new: FilterSettings) -> Option<FilterSettings> {
        match (self, new) {
            (FilterState::Throttle(throttle), FilterSettings::Throttle(member)) => {
                Some(FilterSettings::Throttle(throttle.set_member(member)))
            }
            (FilterState::Preallocate(preallocate), FilterSettings::Preallocate(sizes)) => {
                Some(FilterSettings::Preallocate(preallocate.set_sizes(sizes)))
            }
            (FilterState::Throttle(_), FilterSettings::Preallocate(_))
            | (FilterState::Preallocate(_), FilterSettings::Throttle(_)) => None,
        }
    }
}

/// The options of a preallocate node above a node with this alignment of requests.
///
/// # Errors
/// [`Error::InvalidOption`] for a negative size, or an alignment that does not fit.
pub(super) fn preallocate_sizes(
    options: &BlockdevOptionsPreallocate,
    request_alignment: u64,
) -> Result<PreallocateSizes> {
    let default = PreallocateSizes::default();
    let align = unsigned(options.prealloc_align, "prealloc-align")?.unwrap_or(default.align);
    let size = unsigned(options.prealloc_size, "prealloc-size")?.unwrap_or(default.size);
    let parameter = "prealloc-align parameter of preallocate filter is not aligned to";
    if !align.is_multiple_of(SECTOR_SIZE) {
        return Err(Error::InvalidOption(format!("{parameter} {SECTOR_SIZE}")));
    }
    if !align.is_multiple_of(request_alignment) {
        return Err(Error::InvalidOption(format!(
            "{parameter} underlying node request alignment ({request_alignment})"
        )));
    }
    Ok(PreallocateSizes { align, size })
}
