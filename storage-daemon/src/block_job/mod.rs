//! Block jobs: the common part of all jobs that copy data between nodes.
//!
//! A [`BlockJob`] is the driver of all such jobs in the job engine. It reserves the job's nodes,
//! emits the events that only block jobs have (`BLOCK_JOB_COMPLETED` and others), and handles I/O
//! errors. A [`BlockJobDriver`] implements one kind of block job, and [`copy`] runs the copy engine
//! under the control of a job.

pub mod copy;
mod deferred_drop;
mod drain;
mod driver;
mod emit_events;
mod on_error;
mod resume_wait;
#[cfg(test)]
mod testing;

pub use deferred_drop::DeferredDrops;
pub use driver::{BlockJobDriver, BlockJobHandle, RunFuture};
pub use on_error::OnError;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use block::copy::{CopySlots, Side};
use block::nodes::{BorrowedNode, Graph, NodeUse, Reservation};
use job::{
    CancelMode, CreatedJob, Job, JobDriver, JobHandle, JobNotification, JobOutcome, JobStatus,
    Jobs,
};
use parking_lot::Mutex;
use qapi_core::{Events, Result};
use tokio::sync::Notify;

use crate::blocking::blocking;
use crate::messages;
use crate::schema::block_job::{BlockDeviceIoStatus, BlockJobChange};

/// The state that is needed to create a block job. Clones share the state.
#[derive(Clone)]
pub struct BlockJobContext {
    /// The job engine.
    pub jobs: Jobs,
    /// The nodes that jobs use.
    pub graph: Graph,
    /// Limits the requests that all jobs have in flight together.
    pub slots: CopySlots,
    /// Emits the events of block jobs.
    pub events: Events,
}

/// The driver of a block job in the job engine.
pub struct BlockJob {
    /// Dropped when the job is cleaned up, because the driver keeps the images of its nodes open.
    driver: Mutex<Option<Arc<dyn BlockJobDriver>>>,
    /// [`BlockJobDriver::actively_synced`] at the time when the job was cleaned up.
    was_actively_synced: AtomicBool,
    events: Events,
    /// The reservations of the job's nodes. They are released when the job is cleaned up, or, if
    /// [`BlockJobDriver::reserves_until_dismissed`] returns `true`, when the job is dismissed.
    reservations: Mutex<Vec<Reservation>>,
    io_status: Mutex<BlockDeviceIoStatus>,
    last_request_failed: AtomicBool,
    /// The number of requests that have succeeded or failed.
    completed_requests: AtomicU64,
    /// Notified when a request has succeeded or failed.
    request_completed: Notify,
    /// The side of the error that stopped the job, until the job is resumed.
    stopped_by: Mutex<Option<Side>>,
    /// The number of requests that were complete when a client resumed the job after a read error.
    /// `drain` takes this number, and delays the reply to the client.
    requests_at_resume: Mutex<Option<u64>>,
}

impl BlockJob {
    /// A block job of the kind that `driver` implements.
    pub fn new(driver: impl BlockJobDriver, events: Events) -> Self {
        Self {
            driver: Mutex::new(Some(Arc::new(driver))),
            was_actively_synced: AtomicBool::new(false),
            events,
            reservations: Mutex::new(Vec::new()),
            io_status: Mutex::new(BlockDeviceIoStatus::Ok),
            last_request_failed: AtomicBool::new(false),
            completed_requests: AtomicU64::new(0),
            request_completed: Notify::new(),
            stopped_by: Mutex::new(None),
            requests_at_resume: Mutex::new(None),
        }
    }

    /// The value of [`BlockJobDriver::actively_synced`]: the last one, if the job is cleaned up.
    pub fn actively_synced(&self) -> bool {
        match self.driver() {
            Some(driver) => driver.actively_synced(),
            None => self.was_actively_synced.load(Ordering::Relaxed),
        }
    }

    /// The kind of the error that has stopped the job, or `Ok`.
    pub fn io_status(&self) -> BlockDeviceIoStatus {
        *self.io_status.lock()
    }

    /// The driver, unless the job is cleaned up.
    fn driver(&self) -> Option<Arc<dyn BlockJobDriver>> {
        self.driver.lock().clone()
    }

    /// Releases the nodes. Nodes that are unused afterwards are closed.
    async fn release_nodes(&self) {
        let mut drops = DeferredDrops::default();
        drops.reservations(self.reservations.lock().drain(..));
        drops.drop_with(()).await;
    }

    /// The number of requests that have succeeded or failed.
    fn completed_requests(&self) -> u64 {
        self.completed_requests.load(Ordering::Relaxed)
    }

    /// Counts a request that has succeeded or failed.
    fn count_request(&self) {
        self.completed_requests.fetch_add(1, Ordering::Relaxed);
        self.request_completed.notify_waiters();
    }

    /// Waits until a condition is true. Checks the condition at once, and after each completed
    /// request.
    async fn wait_until(&self, condition: impl Fn() -> bool) {
        loop {
            let completed = self.request_completed.notified();
            tokio::pin!(completed);
            // Registers for notifications before the check, so that no completed request is missed.
            completed.as_mut().enable();
            if condition() {
                return;
            }
            completed.await;
        }
    }
}

impl JobDriver for BlockJob {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        match self.driver() {
            Some(driver) => driver.run(BlockJobHandle { handle: job, block_job: self }).await,
            // Does not happen: a job runs once, and is cleaned up afterwards.
            None => Ok(()),
        }
    }

    fn user_resume(&self, _job: &JobHandle) {
        *self.io_status.lock() = BlockDeviceIoStatus::Ok;
        let reads_again = self.stopped_by.lock().take() == Some(Side::Source);
        *self.requests_at_resume.lock() = reads_again.then(|| self.completed_requests());
    }

    async fn prepare(&self, _job: &JobHandle) -> Result<()> {
        // All data are written: the permission to write is no longer needed.
        for reservation in &*self.reservations.lock() {
            reservation.end_writing();
        }
        match self.driver() {
            Some(driver) if driver.prepare_blocks() => blocking(move || driver.prepare()).await,
            Some(driver) => driver.prepare(),
            None => Ok(()),
        }
    }

    fn complete(&self, job: &JobHandle) -> Result<()> {
        match self.driver() {
            Some(driver) => driver.complete(job),
            None => Err(job::cannot_complete(job.id().unwrap_or_default())),
        }
    }

    fn cancel(&self, job: &JobHandle, mode: CancelMode) -> CancelMode {
        self.driver().map_or(CancelMode::Force, |driver| driver.cancel(job, mode))
    }

    fn change(&self, _job: &JobHandle, options: &(dyn Any + Send + Sync)) -> Result<()> {
        match (self.driver(), options.downcast_ref::<BlockJobChange>()) {
            (Some(driver), Some(options)) => driver.change(options),
            (None, _) | (_, None) => Err(job::cannot_change()),
        }
    }

    async fn clean(&self, job: &JobHandle, outcome: JobOutcome) {
        self.was_actively_synced.store(self.actively_synced(), Ordering::Relaxed);
        let Some(driver) = self.driver.lock().take() else { return };
        driver.finish(outcome);
        let stays_reserved = driver.reserves_until_dismissed() && !job.job().auto_dismiss();
        let mut drops = DeferredDrops::default();
        if stays_reserved {
            self.reservations.lock().iter().for_each(Reservation::end_access);
        } else {
            drops.reservations(self.reservations.lock().drain(..));
        }
        driver.clean(&mut drops);
        drops.drop_with(driver).await;
    }

    async fn drain(&self, job: &JobHandle) {
        let requests_at_resume = self.requests_at_resume.lock().take();
        match requests_at_resume {
            Some(before) => self.wait_after_resume(before, job.job()).await,
            None if job.job().status().is_at_work() => {}
            None => {
                if job.job().status() == JobStatus::Null {
                    self.release_nodes().await;
                }
                drain::drain_others(job.job()).await;
            }
        }
    }

    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        emit_events::emit(&self.events, job.job(), notification);
    }
}

/// Reserves nodes for a block job that is created and not yet started.
///
/// # Errors
/// A use conflicts with another user's use of the same node.
pub fn reserve(
    created: &CreatedJob,
    graph: &Graph,
    uses: impl IntoIterator<Item = NodeUse>,
) -> Result<()> {
    reserve_with_opened(created, graph, uses, None)
}

/// As [`reserve`], with a node that was opened for the job alone. This node is closed when the job
/// releases its nodes, or at once if the reservation fails.
///
/// # Errors
/// As for [`reserve`].
pub fn reserve_with_opened(
    created: &CreatedJob,
    graph: &Graph,
    uses: impl IntoIterator<Item = NodeUse>,
    opened: Option<BorrowedNode>,
) -> Result<()> {
    let job = created.job();
    let id = job.id().unwrap_or_default();
    let mut reservation = graph.reserve(job.job_type().as_str(), id, uses)?;
    reservation.close_on_release(opened);
    add_reservation(created, reservation);
    Ok(())
}

/// Adds an existing reservation to a block job that is created and not yet started.
pub fn add_reservation(created: &CreatedJob, reservation: Reservation) {
    if let Some(block_job) = created.job().driver::<BlockJob>() {
        block_job.reservations.lock().push(reservation);
    }
}

/// Releases the nodes of all concluded jobs. Without this call, a job of some kinds
/// reserves its nodes until a client dismisses the job.
pub async fn release_all_nodes(jobs: &Jobs) {
    for job in jobs.list() {
        if let Some(block_job) = job.driver::<BlockJob>()
            && job.status() == JobStatus::Concluded
        {
            block_job.release_nodes().await;
        }
    }
}

/// Finds the block job with the identifier `id`.
///
/// # Errors
/// Class `DeviceNotActive`: no job has this identifier, or the job is not a block job.
pub fn find(jobs: &Jobs, id: &str) -> Result<Job> {
    let job = jobs.find(id).filter(|job| job.driver::<BlockJob>().is_some());
    job.ok_or_else(|| messages::no_block_job(id))
}

/// As [`find`], after the end of a job that a client has completed. For commands that act on jobs.
///
/// # Errors
/// As for [`find`].
pub async fn find_after_completion(jobs: &Jobs, id: &str) -> Result<Job> {
    if let Ok(job) = find(jobs, id) {
        job.completed().await;
    }
    find(jobs, id)
}

#[cfg(test)]
mod tests {
    use job::{JobOptions, JobType};

    use super::*;

    /// A driver that does nothing and owns a reference.
    struct Owner(Arc<()>);

    impl BlockJobDriver for Owner {
        fn run<'a>(&'a self, _job: BlockJobHandle<'a>) -> RunFuture<'a> {
            assert!(Arc::strong_count(&self.0) > 1, "the test has another reference");
            Box::pin(std::future::ready(Ok(())))
        }
    }

    #[tokio::test]
    async fn a_concluded_job_has_dropped_its_driver() {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        let owned = Arc::new(());
        let driver = BlockJob::new(Owner(Arc::clone(&owned)), Events::new());
        let options = JobOptions::new(JobType::Backup).id("j0").auto_dismiss(false);
        let job = jobs.create(options, driver, None).expect("a job").start();
        assert_eq!(job.concluded().await, Ok(()));
        while Arc::strong_count(&owned) > 1 {
            tokio::task::yield_now().await;
        }
        assert!(jobs.find("j0").is_some(), "it is not dismissed");
    }
}
