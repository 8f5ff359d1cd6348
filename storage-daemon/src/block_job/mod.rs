//! Block jobs: what jobs that copy between nodes have in common.
//!
//! A [`BlockJob`] is the engine's driver for all of them: it keeps the job's nodes, tells clients
//! what only block jobs tell (`BLOCK_JOB_COMPLETED` and its like), and decides about I/O errors.
//! The work itself is a [`BlockJobDriver`]; [`copy`] lets the copy engine run under a job.

pub mod copy;
mod deferred_drop;
mod drain;
mod emit_events;
mod errors;
mod resume_wait;

pub use deferred_drop::DeferredDrops;
pub use errors::OnError;

use std::any::Any;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use block::copy::{CopySlots, Side};
use block::nodes::{BorrowedNode, Graph, NodeUse, Reservation};
use job::{CreatedJob, Job, JobDriver, JobHandle, JobNotification, JobStatus, Jobs};
use parking_lot::Mutex;
use qapi_core::{Events, Result};
use tokio::sync::Notify;

use crate::blocking::blocking;
use crate::messages;
use crate::schema::block_job::BlockDeviceIoStatus;
use crate::schema::block_job::BlockJobChange;

/// What block jobs are made with. Clones name the same.
#[derive(Clone)]
pub struct BlockJobContext {
    /// The engine.
    pub jobs: Jobs,
    /// The nodes that jobs work on.
    pub graph: Graph,
    /// What the copies of all jobs share.
    pub slots: CopySlots,
    /// Where clients hear of block jobs.
    pub events: Events,
}

/// What one kind of block job does.
pub trait BlockJobDriver: Send + Sync + 'static {
    /// Does the work, passing the pause points of the job's handle.
    ///
    /// # Errors
    /// Why it failed; the text becomes the job's error.
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a>;

    /// Puts the result in its place, which is the last chance to fail. The job still has its nodes,
    /// and everything it wrote is on disk: only a little is left to write. Called where it may
    /// block, if [`BlockJobDriver::prepare_blocks`] says so.
    ///
    /// # Errors
    /// As for [`BlockJobDriver::run`].
    fn prepare(&self) -> Result<()> {
        Ok(())
    }

    /// Whether there is anything to be prepared that may block. What need not leaves no moment in
    /// which clients could see the job between its work and its end.
    fn prepare_blocks(&self) -> bool {
        false
    }

    /// A client asks the job, which is ready, to complete: its run is to end soon. See
    /// [`JobDriver::complete`].
    ///
    /// # Errors
    /// It cannot.
    fn complete(&self, job: &JobHandle) -> Result<()> {
        Err(job::cannot_complete(job.id().unwrap_or_default()))
    }

    /// The job is being cancelled, by force or not. Returns whether it ends as a cancelled one. See
    /// [`JobDriver::cancel`].
    fn cancel(&self, job: &JobHandle, force: bool) -> bool {
        let _ = (job, force);
        true
    }

    /// A client changes options of the job.
    ///
    /// # Errors
    /// They cannot be changed so.
    fn change(&self, options: &BlockJobChange) -> Result<()> {
        let _ = options;
        Err(job::cannot_change())
    }

    /// Whether what the job writes is the same as what it reads, and kept so with every write to
    /// that.
    fn actively_synced(&self) -> bool {
        false
    }

    /// Undoes what was done to the nodes for the time of the job, whatever came of that. They are
    /// free again, unless [`BlockJobDriver::reserves_until_dismissed`] says otherwise. It must not
    /// block: what may is left, to be dropped elsewhere.
    fn clean(&self, drops: &mut DeferredDrops) {
        let _ = drops;
    }

    /// Whether nobody else may work on the nodes until the job is gone.
    fn reserves_until_dismissed(&self) -> bool {
        false
    }
}

/// The work of a block job under way.
pub type RunFuture<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// A block job, as its work sees it.
#[derive(Clone, Copy)]
pub struct BlockJobHandle<'a> {
    /// The job: its pause points and its progress.
    handle: &'a JobHandle,
    block_job: &'a BlockJob,
}

/// The engine's driver for block jobs.
pub struct BlockJob {
    /// What is done, until the job is cleaned up: it knows the nodes, which keep images open.
    work: Mutex<Option<Arc<dyn BlockJobDriver>>>,
    /// What the work said of itself when the job was cleaned up.
    was_actively_synced: AtomicBool,
    events: Events,
    /// The nodes, until the job is cleaned up: a concluded job keeps none.
    nodes: Mutex<Vec<Reservation>>,
    io_status: Mutex<BlockDeviceIoStatus>,
    /// Whether a request has failed since one succeeded.
    is_failing: AtomicBool,
    /// How many requests have succeeded or failed.
    outcomes: AtomicU64,
    /// On which side the error was by which the job was stopped last.
    stopped_by: Mutex<Option<Side>>,
    /// How many requests had an outcome when a client resumed the job, if it could not read before.
    resumed_at: Mutex<Option<u64>>,
    /// Notified when the job makes progress.
    changed: Notify,
}

impl BlockJob {
    /// A block job that does `work` and tells clients by `events`.
    pub fn new(work: impl BlockJobDriver, events: Events) -> Self {
        Self {
            work: Mutex::new(Some(Arc::new(work))),
            was_actively_synced: AtomicBool::new(false),
            events,
            nodes: Mutex::new(Vec::new()),
            io_status: Mutex::new(BlockDeviceIoStatus::Ok),
            is_failing: AtomicBool::new(false),
            outcomes: AtomicU64::new(0),
            stopped_by: Mutex::new(None),
            resumed_at: Mutex::new(None),
            changed: Notify::new(),
        }
    }

    /// As [`BlockJobDriver::actively_synced`]; of a job that is over, as it was in the end.
    pub fn actively_synced(&self) -> bool {
        match self.work() {
            Some(work) => work.actively_synced(),
            None => self.was_actively_synced.load(Ordering::Relaxed),
        }
    }

    /// What is done, unless the job is cleaned up.
    fn work(&self) -> Option<Arc<dyn BlockJobDriver>> {
        self.work.lock().clone()
    }

    /// Keeps nodes until the job is over.
    fn add_nodes(&self, nodes: Reservation) {
        self.nodes.lock().push(nodes);
    }

    /// Leaves the nodes to others, which may close some of them.
    async fn release_nodes(&self) {
        let mut drops = DeferredDrops::default();
        drops.reservations(self.nodes.lock().drain(..));
        drops.drop_with(()).await;
    }

    /// How many requests have succeeded or failed.
    fn outcomes(&self) -> u64 {
        self.outcomes.load(Ordering::Relaxed)
    }

    /// A request has succeeded or failed.
    fn note_outcome(&self) {
        self.outcomes.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// Whether an error has stopped the job.
    pub fn io_status(&self) -> BlockDeviceIoStatus {
        *self.io_status.lock()
    }
}

impl JobDriver for BlockJob {
    async fn run(&self, job: &JobHandle) -> Result<()> {
        match self.work() {
            Some(work) => work.run(BlockJobHandle { handle: job, block_job: self }).await,
            // A job is cleaned up when it is over, and runs once.
            None => Ok(()),
        }
    }

    fn user_resume(&self, _job: &JobHandle) {
        *self.io_status.lock() = BlockDeviceIoStatus::Ok;
        let reads_again = self.stopped_by.lock().take() == Some(Side::Source);
        *self.resumed_at.lock() = reads_again.then(|| self.outcomes());
    }

    async fn prepare(&self, _job: &JobHandle) -> Result<()> {
        // Everything is written; others may be about to go on with the node.
        for nodes in &*self.nodes.lock() {
            nodes.end_writing();
        }
        match self.work() {
            Some(work) if work.prepare_blocks() => blocking(move || work.prepare()).await,
            Some(work) => work.prepare(),
            None => Ok(()),
        }
    }

    fn complete(&self, job: &JobHandle) -> Result<()> {
        match self.work() {
            Some(work) => work.complete(job),
            None => Err(job::cannot_complete(job.id().unwrap_or_default())),
        }
    }

    fn cancel(&self, job: &JobHandle, force: bool) -> bool {
        self.work().is_none_or(|work| work.cancel(job, force))
    }

    fn change(&self, _job: &JobHandle, options: &(dyn Any + Send + Sync)) -> Result<()> {
        match (self.work(), options.downcast_ref::<BlockJobChange>()) {
            (Some(work), Some(options)) => work.change(options),
            (None, _) | (_, None) => Err(job::cannot_change()),
        }
    }

    async fn clean(&self, job: &JobHandle) {
        self.was_actively_synced.store(self.actively_synced(), Ordering::Relaxed);
        let Some(work) = self.work.lock().take() else { return };
        let is_held = work.reserves_until_dismissed() && !job.job().auto_dismiss();
        let mut drops = DeferredDrops::default();
        if is_held {
            self.nodes.lock().iter().for_each(Reservation::end_access);
        } else {
            drops.reservations(self.nodes.lock().drain(..));
        }
        work.clean(&mut drops);
        drops.drop_with(work).await;
    }

    async fn settle(&self, job: &JobHandle) {
        let resumed_at = self.resumed_at.lock().take();
        match resumed_at {
            Some(before) => self.outcome_after(before, job.job()).await,
            None if job.job().status().is_at_work() => {}
            None => {
                if job.job().status() == JobStatus::Null {
                    self.release_nodes().await;
                }
                drain::drain(job.job()).await;
            }
        }
    }

    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        emit_events::emit(&self.events, job.job(), notification);
    }
}

impl Deref for BlockJobHandle<'_> {
    type Target = JobHandle;

    fn deref(&self) -> &JobHandle {
        self.handle
    }
}

impl BlockJobHandle<'_> {
    /// Counts bytes as done.
    pub fn advance(&self, bytes: u64) {
        self.block_job.is_failing.store(false, Ordering::Relaxed);
        self.handle.advance(bytes);
        self.block_job.note_outcome();
    }
}

/// Gives nodes to a block job that has been made and not yet started.
///
/// # Errors
/// Other users of the nodes do not allow it.
pub fn reserve(
    created: &CreatedJob,
    graph: &Graph,
    uses: impl IntoIterator<Item = NodeUse>,
) -> Result<()> {
    let job = created.job();
    let nodes = graph.reserve(job.job_type().as_str(), job.id().unwrap_or_default(), uses)?;
    add_reservation(created, nodes);
    Ok(())
}

/// Adds nodes that are reserved already to those of a job that is created and not yet started.
pub fn add_reservation(created: &CreatedJob, nodes: Reservation) {
    if let Some(block_job) = created.job().driver::<BlockJob>() {
        block_job.add_nodes(nodes);
    }
}

/// As [`reserve`], with a node that was opened for the job alone: it is closed when the job lets go
/// of its nodes, or at once if they cannot be had.
///
/// # Errors
/// As for [`reserve`].
pub fn reserve_with_opened(
    created: &CreatedJob,
    graph: &Graph,
    uses: impl IntoIterator<Item = NodeUse>,
    opened: Option<BorrowedNode>,
) -> Result<()> {
    reserve(created, graph, uses)?;
    if let Some(block_job) = created.job().driver::<BlockJob>()
        && let Some(nodes) = block_job.nodes.lock().last_mut()
    {
        nodes.close_on_release(opened);
    }
    Ok(())
}

/// Has all jobs that are over leave their nodes to others, also those that do so when they are
/// dismissed.
pub async fn release_all_nodes(jobs: &Jobs) {
    for job in jobs.list() {
        if let Some(block_job) = job.driver::<BlockJob>()
            && job.status() == JobStatus::Concluded
        {
            block_job.release_nodes().await;
        }
    }
}

/// The block job called `id`.
///
/// # Errors
/// There is none, or the job of that name is not a block job; class `DeviceNotActive`.
pub fn find(jobs: &Jobs, id: &str) -> Result<Job> {
    jobs.find(id)
        .filter(|job| job.driver::<BlockJob>().is_some())
        .ok_or_else(|| messages::no_block_job(id))
}

#[cfg(test)]
mod tests {
    use job::{JobOptions, JobType};

    use super::*;

    /// Does nothing with something that it keeps.
    struct Keeps(Arc<()>);

    impl BlockJobDriver for Keeps {
        fn run<'a>(&'a self, _job: BlockJobHandle<'a>) -> RunFuture<'a> {
            assert!(Arc::strong_count(&self.0) > 1, "the test keeps it too");
            Box::pin(std::future::ready(Ok(())))
        }
    }

    #[tokio::test]
    async fn a_concluded_job_keeps_nothing_of_its_work() {
        let jobs = Jobs::new(|_: &job::JobStatusChange| {});
        let kept = Arc::new(());
        let driver = BlockJob::new(Keeps(Arc::clone(&kept)), Events::new());
        let options = JobOptions::new(JobType::Backup).id("j0").auto_dismiss(false);
        let job = jobs.create(options, driver, None).expect("a job").start();
        assert_eq!(job.concluded().await, Ok(()));
        while Arc::strong_count(&kept) > 1 {
            tokio::task::yield_now().await;
        }
        assert!(jobs.find("j0").is_some(), "it is not dismissed");
    }
}
