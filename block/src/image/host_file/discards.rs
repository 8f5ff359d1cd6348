//! Counts the requests to free space in a file.

use std::sync::atomic::{AtomicU64, Ordering};

/// The requests to free space in a file since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscardCounts {
    /// The requests that succeeded.
    pub succeeded: u64,
    /// The requests that failed, also because the host cannot free the space.
    pub failed: u64,
    /// The bytes of the requests that succeeded.
    pub bytes: u64,
}

/// The counters.
#[derive(Debug, Default)]
pub(super) struct Discards {
    succeeded: AtomicU64,
    failed: AtomicU64,
    bytes: AtomicU64,
}

impl Discards {
    /// Counts a request.
    pub(super) fn count(&self, length: u64, has_succeeded: bool) {
        if has_succeeded {
            self.succeeded.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(length, Ordering::Relaxed);
        } else {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self) -> DiscardCounts {
        DiscardCounts {
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}
