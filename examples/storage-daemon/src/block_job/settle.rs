//! What a client may rely on when it has finalized or dismissed a block job: requests that other
//! block jobs had under way are done.
//!
//! QEMU changes its graph then and drains it for that, so that a short copy beside the job is over,
//! events and all, when the client has its reply.

use std::sync::atomic::Ordering;
use std::time::Duration;

use job::{Job, JobStatus};

use super::BlockJob;
use crate::copy::{REQUEST_MAX, REQUESTS_IN_FLIGHT};

/// How many bytes a job has under way at most.
const UNDER_WAY_MAX: u64 = REQUESTS_IN_FLIGHT as u64 * REQUEST_MAX;

/// How long a client is kept waiting for requests of other jobs. Requests to a disk that works are
/// done long before; one that hangs must not take the monitor along.
const PATIENCE: Duration = Duration::from_secs(1);

/// Waits for what the other block jobs of the same engine have under way, with [`PATIENCE`].
pub(super) async fn settle(ended: &Job) {
    let Some(jobs) = ended.engine() else { return };
    let requests_done = async {
        // All marks are set before the first wait, so that the jobs are waited for side by side.
        let marks = jobs.list().into_iter().map(|job| {
            let mark = job.progress().0.saturating_add(UNDER_WAY_MAX);
            (job, mark)
        });
        for (job, mark) in marks.collect::<Vec<_>>() {
            if let Some(block_job) = job.driver::<BlockJob>() {
                block_job.requests_done(&job, mark).await;
            }
        }
    };
    if tokio::time::timeout(PATIENCE, requests_done).await.is_err() {
        tracing::warn!("requests of other jobs take long; the client is answered before them");
    }
}

impl BlockJob {
    /// Waits until all requests that were under way at the beginning must be done: the job has
    /// come as far as `mark`, or is at rest or over. It is not held up.
    ///
    /// A job that meets errors gets no further, perhaps for ever, and is not waited for.
    async fn requests_done(&self, job: &Job, mark: u64) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let troubled = self.troubled.load(Ordering::Relaxed);
            if troubled || !is_copying(job) || job.progress().0 >= mark {
                return;
            }
            changed.await;
        }
    }
}

/// Whether the job makes requests, one after the other without rest. One with a rate limit rests
/// most of the time.
fn is_copying(job: &Job) -> bool {
    job.status() == JobStatus::Running && !job.pause_requested() && job.speed() == 0
}
