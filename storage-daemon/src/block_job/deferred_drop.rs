//! What a job leaves when it is over.

use block::nodes::{ClosingNodes, Filter, Reservation, WritableGuard};

use crate::blocking::drop_blocking;

/// What is left of a job and may block when it is dropped.
#[derive(Default)]
pub struct DeferredDrops(Vec<Box<dyn Send>>);

impl DeferredDrops {
    /// Leaves the nodes that nobody needs any more once a filter is gone, which it is at once.
    pub fn filter(&mut self, filter: Option<Filter>) {
        self.orphans(filter.map(Filter::remove));
    }

    /// Leaves the nodes that nobody needs any more once those of a job are let go of, which they
    /// are at once.
    pub fn reservations(&mut self, nodes: impl IntoIterator<Item = Reservation>) {
        self.orphans(nodes.into_iter().map(Reservation::release));
    }

    /// Leaves a node that is to refuse writes again.
    pub fn writable(&mut self, writable: Option<WritableGuard>) {
        self.0.extend(writable.map(|writable| Box::new(writable) as Box<dyn Send>));
    }

    fn orphans(&mut self, orphans: impl IntoIterator<Item = ClosingNodes>) {
        let orphans = orphans.into_iter().filter(|orphans| !orphans.is_empty());
        self.0.extend(orphans.map(|orphans| Box::new(orphans) as Box<dyn Send>));
    }

    /// Lets go of it all, and of what it belonged to, where that may block if it does.
    pub(super) async fn drop_with(self, of: impl Send + 'static) {
        if !self.0.is_empty() {
            drop_blocking((self, of)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use job::{JobOptions, JobStatus, JobType, Jobs};
    use qapi_core::Events;

    use crate::block_job::{BlockJob, BlockJobDriver, BlockJobHandle, RunFuture};

    /// Has nothing to do and leaves nothing.
    struct Nothing;

    impl BlockJobDriver for Nothing {
        fn run<'a>(&'a self, _job: BlockJobHandle<'a>) -> RunFuture<'a> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    #[tokio::test]
    async fn a_job_that_leaves_nothing_is_over_at_once() {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        for is_finalized in [true, false] {
            let options = JobOptions::new(JobType::Backup).id("j0").auto_finalize(false);
            let driver = BlockJob::new(Nothing, Events::new());
            let job = jobs.create(options, driver, None).expect("a job").start();
            while job.status() != JobStatus::Pending {
                tokio::task::yield_now().await;
            }
            let ended = if is_finalized { job.finalize() } else { job.user_cancel(true) };
            ended.expect("it is pending");
            assert_eq!(job.status(), JobStatus::Null, "nobody has waited");
        }
    }
}
