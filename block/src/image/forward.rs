//! Storage in front of other storage.

/// The methods of imago's `Storage` that a storage in front of another one hands on as they are,
/// writes aside: all but `size`, `get_storage_helper` and those with `write` or `discard` in their
/// names. `forward_reads!(self => self.inner)` stands in the `impl`, and names the other one.
macro_rules! forward_reads {
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
            // SAFETY: the caller keeps the alignment that this object reports, which is the
            // inner one.
            unsafe { $inner.pure_readv(bufv, offset) }
        }

        fn flush(&$self) -> std::io::Result<()> {
            $inner.flush()
        }

        fn sync(&$self) -> std::io::Result<()> {
            $inner.sync()
        }

        fn settle_writes(&$self) -> std::io::Result<()> {
            $inner.settle_writes()
        }

        unsafe fn invalidate_cache(&$self) -> std::io::Result<()> {
            // SAFETY: the caller's promise is passed on.
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

/// As `forward_reads`, with all that writes but `pure_writev`.
macro_rules! forward_storage {
    ($self:ident => $inner:expr) => {
        crate::image::forward::forward_reads!($self => $inner);

        unsafe fn pure_write_zeroes(&$self, offset: u64, length: u64) -> std::io::Result<()> {
            // SAFETY: as for `pure_readv`; the write blockers are the inner storage's own.
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

pub(super) use {forward_reads, forward_storage};
