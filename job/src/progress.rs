//! How far a job has come.

use crate::sync::{Mutex, MutexGuard};

/// A job's progress, in a unit of its driver's choosing (bytes, for jobs that copy).
///
/// What is done only grows. The total may move both ways, as a driver learns how much there is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    current: u64,
    total: u64,
}

impl Progress {
    /// Adds to what is done.
    pub(crate) fn advance(&self, done: u64) {
        let mut counts = self.lock();
        counts.current = counts.current.saturating_add(done);
    }

    /// Sets the total to what is done and `remaining` more.
    pub(crate) fn set_remaining(&self, remaining: u64) {
        let mut counts = self.lock();
        counts.total = counts.current.saturating_add(remaining);
    }

    /// Adds to the total.
    pub(crate) fn increase_remaining(&self, more: u64) {
        let mut counts = self.lock();
        counts.total = counts.total.saturating_add(more);
    }

    /// What is done, and the total. A driver that did more than it announced never shows more
    /// than the whole.
    pub(crate) fn read(&self) -> (u64, u64) {
        let Counts { current, total } = *self.lock();
        (current, total.max(current))
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn the_total_is_what_is_done_and_what_remains() {
        let progress = Progress::default();
        progress.set_remaining(10);
        progress.advance(4);
        assert_eq!(progress.read(), (4, 10));
        progress.set_remaining(2);
        assert_eq!(progress.read(), (4, 6));
        progress.increase_remaining(4);
        assert_eq!(progress.read(), (4, 10));
    }

    #[test]
    fn an_overshoot_is_made_good_by_a_later_increase() {
        let progress = Progress::default();
        progress.set_remaining(10);
        progress.advance(15);
        assert_eq!(progress.read(), (15, 15));
        progress.increase_remaining(10);
        assert_eq!(progress.read(), (15, 20));
    }

    #[test]
    fn counts_saturate() {
        let progress = Progress::default();
        progress.advance(u64::MAX);
        progress.advance(1);
        progress.set_remaining(1);
        progress.increase_remaining(1);
        assert_eq!(progress.read(), (u64::MAX, u64::MAX));
    }
}
