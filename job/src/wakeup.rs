//! Waking a driver that sleeps.

use std::sync::atomic::Ordering;

use crate::sync::{AtomicU64, Notify};

/// A count of wake-ups to wait on.
///
/// A wake-up is never lost: who looks at the count before he checks what he waits for, and waits
/// for the count to move on, is woken also by what happens between the two.
#[derive(Debug, Default)]
pub(crate) struct Wakeup {
    count: AtomicU64,
    notify: Notify,
}

impl Wakeup {
    /// Wakes everyone who waits.
    pub(crate) fn wake(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.notify.notify_waiters();
    }

    /// How many wake-ups there have been.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until there have been more wake-ups than `seen`, and says how many.
    pub(crate) async fn after(&self, seen: u64) -> u64 {
        loop {
            // Enlisted before the count is read, so that no wake-up falls between.
            let notified = self.notify.notified();
            let count = self.count();
            if count != seen {
                return count;
            }
            notified.await;
        }
    }
}
