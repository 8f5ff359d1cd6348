//! A filter that allocates space beyond the end of a file in large pieces.
//!
//! A file that grows by small writes is slow on some file systems, as each write changes the size.
//! The rules are those of QEMU's driver `preallocate`.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

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
pub(crate) struct Preallocate(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    sizes: PreallocateSizes,
    /// Whether the users of the node let it write and resize the file.
    is_permitted: bool,
    /// What is known about the file since the first write.
    ends: Option<Ends>,
}

/// The ends of a file, in bytes.
#[derive(Clone, Copy, Debug)]
struct Ends {
    /// The end of the data: the size that users see.
    data: u64,
    /// The end of what is not known to be zero.
    zero_start: u64,
    /// The end of the file; `None` after an allocation failed, which is not tried again.
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
        Preallocate(Arc::new(Mutex::new(State { sizes, is_permitted: false, ends: None })))
    }

    /// Changes the sizes for later allocations. Returns the former ones.
    pub(crate) fn set_sizes(&self, sizes: PreallocateSizes) -> PreallocateSizes {
        std::mem::replace(&mut self.0.lock().sizes, sizes)
    }

    /// Sets whether the users of the node let it write and resize the file.
    pub(crate) fn permit(&self, is_permitted: bool) {
        self.0.lock().is_permitted = is_permitted;
    }

    /// Frees the space beyond the data, when the user of the node has ended its writes.
    ///
    /// # Errors
    /// Those of the storage.
    pub(crate) fn truncate(&self, below: &Storage) -> io::Result<()> {
        let mut state = self.0.lock();
        match state.ends.take() {
            Some(ends) if ends.file.is_some_and(|file| file > ends.data) => {
                below.resize(ends.data, Preallocation::Off)
            }
            Some(_) | None => Ok(()),
        }
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
        let mut state = self.0.lock();
        let State { sizes, is_permitted, ends } = &mut *state;
        let end = offset.saturating_add(length);
        let ends = match ends {
            Some(ends) => ends,
            None if *is_permitted => ends.insert(Ends::of_size(below.size()?)),
            None => return Ok(false),
        };
        if end <= ends.data {
            return Ok(false);
        }
        ends.data = end;
        if !*is_permitted {
            return Ok(false);
        }
        if merge == Merge::Nothing {
            ends.zero_start = end;
        }
        let Some(file) = ends.file else { return Ok(false) };
        if end <= file {
            return Ok(merge == Merge::Zeroes && offset >= ends.zero_start);
        }
        let align = |value: u64, to: u64| value.checked_next_multiple_of(to).unwrap_or(value);
        let start = if merge == Merge::Zeroes { offset.min(file) } else { file };
        let start = align(start, below.request_alignment());
        let end = align(start.max(end).saturating_add(sizes.size), sizes.align.max(1));
        // As in QEMU, the write goes its way if the space cannot be allocated.
        let allocated = below.zero(start, end - start, ZeroMode::Allocated);
        ends.file = allocated.is_ok().then_some(end);
        Ok(allocated.is_ok() && merge == Merge::Zeroes && start <= offset)
    }
}

impl RequestFilter for Preallocate {
    fn size(&self, below: &Storage) -> io::Result<u64> {
        match self.0.lock().ends {
            Some(ends) => Ok(ends.data),
            None => below.size(),
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
            ZeroMode::Allocated => Merge::Zeroes,
            ZeroMode::MayUnmap => Merge::Nothing,
        };
        if self.prepare(below, offset, length, merge)? {
            return Ok(());
        }
        below.zero(offset, length, mode)
    }

    fn resize(&self, below: &Storage, size: u64, preallocation: Preallocation) -> io::Result<()> {
        let mut state = self.0.lock();
        if let Some(ends) = &mut state.ends
            && size > ends.data
            && let Some(file) = ends.file
        {
            if preallocation == Preallocation::Falloc && size <= file {
                ends.data = size;
                return Ok(());
            }
            // The new bytes get their space as the caller asks for it.
            if file > ends.data {
                below.resize(ends.data, Preallocation::Off)?;
            }
        }
        let resized = below.resize(size, preallocation);
        state.ends = (resized.is_ok() && state.is_permitted).then(|| Ends::of_size(size));
        resized
    }
}
