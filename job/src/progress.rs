//! The progress of a job.

use crate::sync::{Mutex, MutexGuard};

/// A job's progress. The unit depends on the kind of job: bytes for jobs that copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct JobProgress {
    /// The work done. Never decreases.
    pub current: u64,
    /// The present estimate of the total work. May increase and decrease.
    pub total: u64,
}

/// The counts behind [`JobProgress`].
#[derive(Debug, Default)]
pub(crate) struct Progress {
    counts: Mutex<JobProgress>,
}

impl Progress {
    /// Adds to the work done.
    pub(crate) fn advance(&self, done: u64) {
        let mut counts = self.lock();
        counts.current = counts.current.saturating_add(done);
    }

    /// Sets the total to the work done and `remaining` more.
    pub(crate) fn set_remaining(&self, remaining: u64) {
        let mut counts = self.lock();
        counts.total = counts.current.saturating_add(remaining);
    }

    /// Adds to the total.
    pub(crate) fn increase_remaining(&self, more: u64) {
        let mut counts = self.lock();
        counts.total = counts.total.saturating_add(more);
    }

    /// The counts. The total is never less than the work done, though a driver may do more work
    /// than it has announced.
    pub(crate) fn read(&self) -> JobProgress {
        let JobProgress { current, total } = *self.lock();
        JobProgress { current, total: total.max(current) }
    }

    fn lock(&self) -> MutexGuard<'_, JobProgress> {
        self.counts.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    fn counts(progress: &Progress) -> (u64, u64) {
        let read = progress.read();
        (read.current, read.total)
    }

    #[test]
    fn the_total_is_the_work_done_and_the_work_remaining() {
        let progress = Progress::default();
        progress.set_remaining(10);
        progress.advance(4);
        assert_eq!(counts(&progress), (4, 10));
        progress.set_remaining(2);
        assert_eq!(counts(&progress), (4, 6));
        progress.increase_remaining(4);
        assert_eq!(counts(&progress), (4, 10));
    }

    #[test]
    fn work_beyond_the_total_counts_against_a_later_increase() {
        let progress = Progress::default();
        progress.set_remaining(10);
        progress.advance(15);
        assert_eq!(counts(&progress), (15, 15));
        progress.increase_remaining(10);
        assert_eq!(counts(&progress), (15, 20));
    }

    #[test]
    fn counts_saturate() {
        let progress = Progress::default();
        progress.advance(u64::MAX);
        progress.advance(1);
        progress.set_remaining(1);
        progress.increase_remaining(1);
        assert_eq!(counts(&progress), (u64::MAX, u64::MAX));
    }
}
