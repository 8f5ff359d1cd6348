//! Drops the objects of an ended job on a blocking thread, because the drops may close images.

use block::nodes::{ClosingNodes, Filter, Reservation, WritableGuard};

use crate::blocking::drop_blocking;

/// Objects whose drop may block, to be dropped on a blocking thread.
#[derive(Default)]
pub struct DeferredDrops(Vec<Box<dyn Send>>);

impl DeferredDrops {
    /// Removes a filter from the graph at once. Nodes that are unused afterwards are closed later.
    pub fn filter(&mut self, filter: Option<Filter>) {
        self.closing(filter.map(Filter::remove));
    }

    /// Releases nodes at once. Nodes that are unused afterwards are closed later.
    pub fn reservations(&mut self, reservations: impl IntoIterator<Item = Reservation>) {
        self.closing(reservations.into_iter().map(Reservation::release));
    }

    /// Makes a node read-only again later.
    pub fn writable(&mut self, writable: Option<WritableGuard>) {
        self.0.extend(writable.map(|writable| Box::new(writable) as Box<dyn Send>));
    }

    fn closing(&mut self, closing: impl IntoIterator<Item = ClosingNodes>) {
        let closing = closing.into_iter().filter(|nodes| !nodes.is_empty());
        self.0.extend(closing.map(|nodes| Box::new(nodes) as Box<dyn Send>));
    }

    /// Drops all objects, and then their owner, on a blocking thread. If there are no objects,
    /// drops the owner at once on the calling thread, so that the job ends without delay.
    pub(super) async fn drop_with(self, owner: impl Send + 'static) {
        if !self.0.is_empty() {
            drop_blocking((self, owner)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use job::{CancelMode, JobOptions, JobStatus, JobType, Jobs};
    use qapi_core::Events;

    use crate::block_job::{BlockJob, BlockJobDriver, BlockJobHandle, RunFuture};

    /// A driver that does nothing and has no objects to drop.
    struct Nothing;

    impl BlockJobDriver for Nothing {
        fn run<'a>(&'a self, _job: BlockJobHandle<'a>) -> RunFuture<'a> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    #[tokio::test]
    async fn a_job_without_deferred_drops_ends_at_once() {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        for is_finalized in [true, false] {
            let options = JobOptions::new(JobType::Backup).id("j0").auto_finalize(false);
            let driver = BlockJob::new(Nothing, Events::new());
            let job = jobs.create(options, driver, None).expect("a job").start();
            while job.status() != JobStatus::Pending {
                tokio::task::yield_now().await;
            }
            let ended =
                if is_finalized { job.finalize() } else { job.user_cancel(CancelMode::Force) };
            ended.expect("it is pending");
            assert_eq!(job.status(), JobStatus::Null, "without waiting");
        }
    }
}
