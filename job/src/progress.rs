//! The progress of a job.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::sync::{Mutex, MutexGuard};

/// The time between two samples of the progress.
const SAMPLE_TIME: Duration = Duration::from_millis(500);
/// The number of samples from which the speed is computed: the progress of the last 8 seconds.
const SAMPLES: usize = 16;

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
    samples: Mutex<VecDeque<Sample>>,
}

/// The work done at one time.
#[derive(Debug, Clone, Copy)]
struct Sample {
    time: Instant,
    current: u64,
}

impl Progress {
    /// Adds to the work done.
    pub(crate) fn advance(&self, done: u64) {
        let current = {
            let mut counts = self.lock();
            counts.current = counts.current.saturating_add(done);
            counts.current
        };
        let time = Instant::now();
        let mut samples = self.samples.lock();
        if samples.back().is_none_or(|last| time - last.time >= SAMPLE_TIME) {
            if samples.len() == SAMPLES {
                samples.pop_front();
            }
            samples.push_back(Sample { time, current });
        }
    }

    /// Forgets the speed so far: the job begins or continues after a pause.
    pub(crate) fn restart_estimate(&self) {
        let current = self.lock().current;
        let sample = Sample { time: Instant::now(), current };
        *self.samples.lock() = VecDeque::from([sample]);
    }

    /// The time that the remaining work takes at the present speed. `None` if the speed is not
    /// known yet, or is zero.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let JobProgress { current, total } = self.read();
        if current == total {
            return Some(Duration::ZERO);
        }
        let oldest = *self.samples.lock().front()?;
        let elapsed = oldest.time.elapsed();
        let done = current - oldest.current;
        if elapsed < SAMPLE_TIME || done == 0 {
            return None;
        }
        let seconds = elapsed.as_secs_f64() * (total - current) as f64 / done as f64;
        Duration::try_from_secs_f64(seconds).ok()
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
    use std::time::Duration;

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

    #[tokio::test(start_paused = true)]
    async fn the_time_left_follows_from_the_speed_of_the_last_seconds() {
        let second = Duration::from_secs(1);
        let progress = Progress::default();
        progress.set_remaining(1000);
        progress.restart_estimate();
        assert_eq!(progress.time_left(), None, "nothing is known yet");
        for _ in 0..10 {
            tokio::time::advance(second).await;
            progress.advance(10);
        }
        assert_eq!(progress.time_left(), Some(90 * second));
        // Twice as fast for longer than the samples reach.
        for _ in 0..20 {
            tokio::time::advance(second).await;
            progress.advance(20);
        }
        assert_eq!(progress.time_left(), Some(25 * second));
        progress.restart_estimate();
        assert_eq!(progress.time_left(), None, "after a pause");
        progress.set_remaining(0);
        assert_eq!(progress.time_left(), Some(Duration::ZERO));
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
