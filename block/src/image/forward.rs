//! Methods of storages that stand in front of other storages.
//!
//! Each macro is used inside an `impl` of imago's `Storage`, as in `forward_reads!(self =>
//! self.inner)`, and forwards a group of methods unchanged.

/// Forwards the queries of alignments.
macro_rules! forward_alignment {
    ($self:ident => $inner:expr) => {
        fn mem_align(&$self) -> usize {
            $inner.mem_align()
        }

        fn req_align(&$self) -> usize {
            $inner.req_align()
        }

        fn zero_align(&$self) -> usize {
            $inner.zero_align()
        }

        fn discard_align(&$self) -> usize {
            $inner.discard_align()
        }
    };
}

/// Forwards `settle_writes`, `invalidate_cache` and `resize`.
macro_rules! forward_control {
    ($self:ident => $inner:expr) => {
        fn settle_writes(&$self) -> std::io::Result<()> {
            $inner.settle_writes()
        }

        unsafe fn invalidate_cache(&$self) -> std::io::Result<()> {
            // SAFETY: the caller upholds the contract of the inner method, which is the same.
            unsafe { $inner.invalidate_cache() }
        }

        fn resize(
            &$self,
            new_size: u64,
            prealloc_mode: imago::storage::PreallocateMode,
        ) -> std::io::Result<()> {
            $inner.resize(new_size, prealloc_mode)
        }
    };
}

/// Forwards all methods but `size`, `get_storage_helper` and those with `write` or `discard` in
/// their names.
macro_rules! forward_reads {
    ($self:ident => $inner:expr) => {
        crate::image::forward::forward_alignment!($self => $inner);

        fn resolve_relative_path<P: AsRef<std::path::Path>>(
            &$self,
            relative: P,
        ) -> std::io::Result<std::path::PathBuf> {
            $inner.resolve_relative_path(relative)
        }

        fn get_filename(&$self) -> Option<std::path::PathBuf> {
            $inner.get_filename()
        }

        unsafe fn pure_readv(
            &$self,
            bufv: imago::io_buffers::IoVectorMut<'_>,
            offset: u64,
        ) -> std::io::Result<()> {
            // SAFETY: the caller observes the alignment that this object reports, which is
            // that of the inner storage.
            unsafe { $inner.pure_readv(bufv, offset) }
        }

        fn flush(&$self) -> std::io::Result<()> {
            $inner.flush()
        }

        fn sync(&$self) -> std::io::Result<()> {
            $inner.sync()
        }

        crate::image::forward::forward_control!($self => $inner);
    };
}

/// As `forward_reads`, with all methods that write except `pure_writev`.
macro_rules! forward_storage {
    ($self:ident => $inner:expr) => {
        crate::image::forward::forward_reads!($self => $inner);

        unsafe fn pure_write_zeroes(&$self, offset: u64, length: u64) -> std::io::Result<()> {
            // SAFETY: as for `pure_readv`; the write blockers are those of the inner storage.
            unsafe { $inner.pure_write_zeroes(offset, length) }
        }

        unsafe fn pure_write_allocated_zeroes(
            &$self,
            offset: u64,
            length: u64,
        ) -> std::io::Result<()> {
            // SAFETY: as for `pure_write_zeroes`.
            unsafe { $inner.pure_write_allocated_zeroes(offset, length) }
        }

        unsafe fn pure_discard(&$self, offset: u64, length: u64) -> std::io::Result<()> {
            // SAFETY: as for `pure_write_zeroes`.
            unsafe { $inner.pure_discard(offset, length) }
        }
    };
}

pub(super) use {forward_alignment, forward_control, forward_reads, forward_storage};
