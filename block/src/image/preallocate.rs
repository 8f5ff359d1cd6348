//! A filter that allocates space beyond the end of a file in large pieces.
//!
//! A file that grows by small writes is slow on some file systems, as each write changes the size.
//! The rules are those of QEMU's driver `preallocate`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::extent::SIZE_MAX;
use super::filter::RequestFilter;
use super::storage::{Preallocation, Storage, ZeroMode};

/// How much is allocated, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PreallocateSizes {
    /// The alignment of the end of the allocated space.
    pub(crate) align: u64,
    /// The bytes that are allocated beyond a write.
    pub(crate) size: u64,
}

impl Default for PreallocateSizes {
    fn default() -> Self {
        PreallocateSizes { align: 1 << 20, size: 128 << 20 }
    }
}

/// Allocates space when a write exceeds the file. The size of the filter is the end of the data.
///
/// Only one user writes to the filter while it may allocate.
#[derive(Clone, Debug)]
pub(crate) struct Preallocate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sizes: Mutex<PreallocateSizes>,
    /// Whether the users of the node let it write and resize the file.
    is_permitted: AtomicBool,
    /// What is known about the file since the first write. The lock waits for the file.
    ends: Mutex<Option<Ends>>,
    /// [`Ends::data`], which is read without a wait; [`UNKNOWN`] without ends.
    data_end: AtomicU64,
}

/// No size of a file.
const UNKNOWN: u64 = u64::MAX;

/// The ends of a file, in bytes.
#[derive(Clone, Copy, Debug)]
struct Ends {
    /// The end of the data: the size that users see.
    data: u64,
    /// The end of what is not known to be zero.
    zero_start: u64,
    /// The end of the file; `None` after an allocation failed.
    file: Option<u64>,
}

impl Ends {
    /// The ends of a file without allocated space.
    fn of_size(size: u64) -> Self {
        Ends { data: size, zero_start: size, file: Some(size) }
    }
}

/// Whether zeroes may be left to an allocation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Merge {
    Zeroes,
    Nothing,
}

impl Preallocate {
    /// A filter that may not allocate yet.
    pub(crate) fn new(sizes: PreallocateSizes) -> Self {
        Preallocate(Arc::new(Shared {
            sizes: Mutex::new(sizes),
            is_permitted: AtomicBool::new(false),
            ends: Mutex::new(None),
            data_end: AtomicU64::new(UNKNOWN),
        }))
    }

    /// Changes the sizes for later allocations. Returns the former ones.
    pub(crate) fn set_sizes(&self, sizes: PreallocateSizes) -> PreallocateSizes {
        std::mem::replace(&mut *self.0.sizes.lock(), sizes)
    }

    /// Sets whether the users of the node let it write and resize the file. Does not wait for the
    /// file.
    pub(crate) fn permit(&self, is_permitted: bool) {
        self.0.is_permitted.store(is_permitted, Ordering::Relaxed);
    }

    /// Whether space may be allocated beyond the data. No other user may write or resize the file
    /// until [`Preallocate::truncate`]. Does not wait for the file.
    pub(crate) fn has_allocated(&self) -> bool {
        self.0.data_end.load(Ordering::Relaxed) != UNKNOWN
    }

    fn is_permitted(&self) -> bool {
        self.0.is_permitted.load(Ordering::Relaxed)
    }

    fn set_ends(&self, ends: &mut Option<Ends>, new: Option<Ends>) {
        *ends = new;
        self.0.data_end.store(new.map_or(UNKNOWN, |ends| ends.data), Ordering::Relaxed);
    }

    /// Frees the space beyond the data, when the user of the node has ended its writes.
    ///
    /// # Errors
    /// Those of the storage.
    pub(crate) fn truncate(&self, below: &Storage) -> io::Result<()> {
        let mut ends = self.0.ends.lock();
        let former = *ends;
        let truncated = match former {
            // An allocation that failed may have made the file longer.
            Some(Ends { data, file, .. }) if file.is_none_or(|file| file > data) => {
                below.size().and_then(|size| match size > data {
                    true => below.resize(data, Preallocation::Off),
                    false => Ok(()),
                })
            }
            Some(_) | None => Ok(()),
        };
        self.set_ends(&mut ends, None);
        truncated
    }

    /// Allocates space for a write, if the write exceeds the file. Returns whether the write is
    /// superfluous, as its zeroes are allocated.
    fn prepare(
        &self,
        below: &Storage,
        offset: u64,
        length: u64,
        merge: Merge,
    ) -> io::Result<bool> {
        let mut locked = self.0.ends.lock();
        let is_permitted = self.is_permitted();
        let mut ends = match *locked {
            Some(ends) => ends,
            None if is_permitted => Ends::of_size(below.size()?),
            None => return Ok(false),
        };
        let superfluous =
            is_permitted && self.allocate(&mut ends, below, (offset, length), merge);
        ends.data = ends.data.max(offset.saturating_add(length));
        self.set_ends(&mut locked, Some(ends));
        Ok(superfluous)
    }

    /// As [`Preallocate::prepare`], when the node may allocate. Does not change the end of the
    /// data.
    fn allocate(
        &self,
        ends: &mut Ends,
        below: &Storage,
        (offset, length): (u64, u64),
        merge: Merge,
    ) -> bool {
        let end = offset.saturating_add(length);
        if merge == Merge::Nothing {
            ends.zero_start = ends.zero_start.max(end);
        }
        if end <= ends.data {
            return false;
        }
        // An allocation that failed may have made the file longer.
        let Some(file) = ends.file.or_else(|| below.size().ok()) else { return false };
        ends.file = Some(file);
        if end <= file {
            return merge == Merge::Zeroes && offset >= ends.zero_start;
        }
        let align = |value: u64, to: u64| value.checked_next_multiple_of(to).unwrap_or(value);
        let start = if merge == Merge::Zeroes { offset.min(file) } else { file };
        let start = align(start, below.request_alignment());
        let sizes = *self.0.sizes.lock();
        let end = align(start.max(end).saturating_add(sizes.size), sizes.align.max(1));
        // As in QEMU, the write goes its way if the space cannot be allocated, and the next write
        // tries again.
        let allocate = || below.zero(start, end - start, ZeroMode::AllocatedAtOnce);
        let is_allocated = end <= SIZE_MAX && allocate().is_ok();
        ends.file = is_allocated.then_some(end);
        is_allocated && merge == Merge::Zeroes && start <= offset
    }
}

impl RequestFilter for Preallocate {
    fn size(&self, below: &Storage) -> io::Result<u64> {
        match self.0.data_end.load(Ordering::Relaxed) {
            UNKNOWN => below.size(),
            data_end => Ok(data_end),
        }
    }

    fn write(&self, below: &Storage, offset: u64, data: &[u8]) -> io::Result<()> {
        self.prepare(below, offset, data.len() as u64, Merge::Nothing)?;
        below.write(offset, data)
    }

    fn write_zeroes(
        &self,
        below: &Storage,
        offset: u64,
        length: u64,
        mode: ZeroMode,
    ) -> io::Result<()> {
        let merge = match mode {
            ZeroMode::Allocated | ZeroMode::AllocatedAtOnce => Merge::Zeroes,
            ZeroMode::MayUnmap => Merge::Nothing,
        };
        if self.prepare(below, offset, length, merge)? {
            return Ok(());
        }
        below.zero(offset, length, mode)
    }

    fn resize(&self, below: &Storage, size: u64, preallocation: Preallocation) -> io::Result<()> {
        let mut locked = self.0.ends.lock();
        if let Some(mut ends) = *locked
            && size > ends.data
            && let Some(file) = ends.file
        {
            if preallocation == Preallocation::Falloc && size <= file {
                ends.data = size;
                self.set_ends(&mut locked, Some(ends));
                return Ok(());
            }
            // The new bytes get their space as the caller asks for it.
            if file > ends.data {
                below.resize(ends.data, Preallocation::Off)?;
            }
        }
        let resized = below.resize(size, preallocation);
        let is_known = resized.is_ok() && self.is_permitted();
        self.set_ends(&mut locked, is_known.then(|| Ends::of_size(size)));
        resized
    }
}
