//! An event count: waiting for a condition without a lost wake-up.

use std::sync::atomic::Ordering;

use crate::sync::{AtomicU64, Notify};

/// A count of events that tasks can wait on.
///
/// A waiter reads the count, then checks its condition, then waits until the count has moved past
/// the value that was read. An event between the check and the wait therefore also wakes the
/// waiter.
#[derive(Debug, Default)]
pub(crate) struct EventCount {
    count: AtomicU64,
    notify: Notify,
}

impl EventCount {
    /// Counts an event, and wakes all waiters.
    pub(crate) fn notify(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.notify.notify_waiters();
    }

    /// The number of events so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until the number of events differs from `seen`. Returns the new number.
    pub(crate) async fn wait_past(&self, seen: u64) -> u64 {
        loop {
            // The waiter registers before it reads the count, so that it misses no event in
            // between.
            let notified = self.notify.notified();
            let count = self.count();
            if count != seen {
                return count;
            }
            notified.await;
        }
    }
}
