//! A setting of the C library's allocator.

/// The number of bytes from which a buffer has pages of its own. Buffers for disk I/O are smaller,
/// and messages that matter for the memory budget of the clients are larger.
#[cfg(target_env = "gnu")]
const MMAP_THRESHOLD: libc::c_int = 2 << 20;

/// Makes the allocator return the pages of a large buffer to the system when the buffer is freed.
///
/// By default glibc raises the threshold when a buffer is freed. Buffers of up to 32 MiB are then
/// parts of one heap, and a few that stay in use prevent that others are returned.
pub(super) fn unmap_large_buffers() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the function only changes a setting of the allocator, under the allocator's own lock.
    // The setting is valid for all allocations, earlier ones included.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    }
}
