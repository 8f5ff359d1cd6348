//! The policy of a block job for I/O errors.

use std::sync::atomic::Ordering;

use block::copy::{ErrorAction, Side};
use block::error::Error;

use super::BlockJobHandle;
use crate::schema::block_job::{
    BlockDeviceIoStatus, BlockErrorAction, BlockJobError, BlockdevOnError, IoOperationType,
};

/// The policies of a job for I/O errors.
#[derive(Debug, Clone, Copy)]
pub struct OnError {
    /// The policy for read errors of the source.
    pub source: BlockdevOnError,
    /// The policy for write errors of the target.
    pub target: BlockdevOnError,
}

impl OnError {
    /// The policies of a command's `on-source-error` and `on-target-error`; `report` by default.
    pub fn new(source: Option<BlockdevOnError>, target: Option<BlockdevOnError>) -> Self {
        Self {
            source: source.unwrap_or(BlockdevOnError::Report),
            target: target.unwrap_or(BlockdevOnError::Report),
        }
    }

    /// The policy of a command's `on-error`, which applies to both sides; `report` by default.
    pub fn both(policy: Option<BlockdevOnError>) -> Self {
        Self::new(policy, policy)
    }

    fn action(self, side: Side, error: &Error) -> BlockErrorAction {
        let policy = match side {
            Side::Source => self.source,
            Side::Target => self.target,
        };
        match policy {
            BlockdevOnError::Report => BlockErrorAction::Report,
            BlockdevOnError::Ignore => BlockErrorAction::Ignore,
            BlockdevOnError::Stop => BlockErrorAction::Stop,
            BlockdevOnError::Enospc | BlockdevOnError::Auto if error.is_no_space() => {
                BlockErrorAction::Stop
            }
            BlockdevOnError::Enospc | BlockdevOnError::Auto => BlockErrorAction::Report,
        }
    }
}

impl BlockJobHandle<'_> {
    /// Applies the policy to an error, and emits `BLOCK_JOB_ERROR`. If the policy is to stop, marks
    /// the job as paused: the job waits at its next pause point until a client resumes it. The
    /// caller must call a pause point as soon as no request is in flight, and then repeat the
    /// request that failed.
    pub fn handle_error(&self, on_error: OnError, side: Side, error: &Error) -> ErrorAction {
        self.block_job.last_request_failed.store(true, Ordering::Relaxed);
        self.block_job.count_request();
        let action = on_error.action(side, error);
        if let Some(id) = self.id() {
            let operation = match side {
                Side::Source => IoOperationType::Read,
                Side::Target => IoOperationType::Write,
            };
            let device = id.to_owned();
            self.block_job.events.emit(&BlockJobError { device, operation, action });
        }
        match action {
            BlockErrorAction::Report => ErrorAction::Report,
            BlockErrorAction::Ignore => ErrorAction::Ignore,
            BlockErrorAction::Stop => {
                self.pause_for_error();
                self.record_error(side, error);
                ErrorAction::Stop
            }
        }
    }

    /// Records an error, unless another error has been recorded since the job was last resumed.
    fn record_error(&self, side: Side, error: &Error) {
        let mut io_status = self.block_job.io_status.lock();
        if *io_status == BlockDeviceIoStatus::Ok {
            *io_status = if error.is_no_space() {
                BlockDeviceIoStatus::Nospace
            } else {
                BlockDeviceIoStatus::Failed
            };
            *self.block_job.stopped_by.lock() = Some(side);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::AtomicU32;

    use job::{CancelMode, JobOptions, JobStatus, JobType, Jobs};
    use qapi_core::Events;

    use super::*;
    use crate::block_job::{BlockJob, BlockJobDriver, RunFuture};

    fn error(kind: io::ErrorKind) -> Error {
        Error::Io(kind.into())
    }

    #[test]
    fn each_policy_has_its_action() {
        use BlockErrorAction as Action;
        use BlockdevOnError as Policy;
        let table = [
            (Policy::Report, Action::Report, Action::Report),
            (Policy::Ignore, Action::Ignore, Action::Ignore),
            (Policy::Stop, Action::Stop, Action::Stop),
            (Policy::Enospc, Action::Report, Action::Stop),
            (Policy::Auto, Action::Report, Action::Stop),
        ];
        for (policy, fault, full) in table {
            let (other, report) = (BlockdevOnError::Report, Action::Report);
            let source = OnError { source: policy, target: other };
            let target = OnError { source: other, target: policy };
            let (broken, no_space) =
                (error(io::ErrorKind::Other), error(io::ErrorKind::StorageFull));
            assert_eq!(source.action(Side::Source, &broken), fault, "{policy:?}");
            assert_eq!(source.action(Side::Source, &no_space), full, "{policy:?}");
            assert_eq!(source.action(Side::Target, &no_space), report, "{policy:?}");
            assert_eq!(target.action(Side::Target, &no_space), full, "{policy:?}");
        }
    }

    /// A driver that meets `faults` errors, and then succeeds.
    struct Faulty {
        faults: AtomicU32,
        kind: io::ErrorKind,
        policy: BlockdevOnError,
    }

    impl BlockJobDriver for Faulty {
        fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a> {
            Box::pin(async move {
                let on_error = OnError { source: self.policy, target: self.policy };
                while self.faults.load(Ordering::Relaxed) > 0 {
                    self.faults.fetch_sub(1, Ordering::Relaxed);
                    let error = error(self.kind);
                    match job.handle_error(on_error, Side::Target, &error) {
                        ErrorAction::Report => return Err(error.into()),
                        ErrorAction::Ignore | ErrorAction::Stop => {
                            job.pause_point().await?;
                        }
                    }
                }
                Ok(())
            })
        }
    }

    fn start(faults: u32, kind: io::ErrorKind, policy: BlockdevOnError) -> (Jobs, job::Job) {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        let work = Faulty { faults: AtomicU32::new(faults), kind, policy };
        let options = JobOptions::new(JobType::Backup).id("j0").auto_dismiss(false);
        let driver = BlockJob::new(work, Events::new());
        let job = jobs.create(options, driver, None).expect("a job").start();
        // Dropping the engine would cancel the job.
        (jobs, job)
    }

    async fn stopped(job: &job::Job) -> BlockDeviceIoStatus {
        while job.status() != JobStatus::Paused {
            tokio::task::yield_now().await;
        }
        job.driver::<BlockJob>().expect("a block job").io_status()
    }

    #[tokio::test]
    async fn a_stopped_job_has_an_io_status_and_retries_when_it_is_resumed() {
        for (kind, status) in [
            (io::ErrorKind::StorageFull, BlockDeviceIoStatus::Nospace),
            (io::ErrorKind::Other, BlockDeviceIoStatus::Failed),
        ] {
            let (_jobs, job) = start(2, kind, BlockdevOnError::Stop);
            for _ in 0..2 {
                assert_eq!(stopped(&job).await, status);
                job.user_resume().expect("the job is paused");
            }
            assert_eq!(job.concluded().await, Ok(()));
            let io_status = job.driver::<BlockJob>().expect("a block job").io_status();
            assert_eq!(io_status, BlockDeviceIoStatus::Ok);
        }
    }

    #[tokio::test]
    async fn a_stopped_job_can_be_cancelled() {
        let (_jobs, job) = start(1, io::ErrorKind::Other, BlockdevOnError::Stop);
        stopped(&job).await;
        job.user_cancel(CancelMode::Force).expect("the job can be cancelled");
        assert_eq!(job.concluded().await, Err(qapi_core::Error::generic("Operation canceled")));
    }

    #[tokio::test]
    async fn a_reported_error_fails_the_job() {
        let (_jobs, job) = start(1, io::ErrorKind::Other, BlockdevOnError::Report);
        assert_eq!(job.concluded().await, Err(qapi_core::Error::generic("Input/output error")));
    }

    #[tokio::test]
    async fn a_request_with_an_ignored_error_is_repeated() {
        let (_jobs, job) = start(3, io::ErrorKind::Other, BlockdevOnError::Ignore);
        assert_eq!(job.concluded().await, Ok(()));
    }
}
