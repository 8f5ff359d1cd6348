//! The interface of a kind of block job: the trait to implement, and the handle that controls the
//! job.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::atomic::Ordering;

use job::{CancelMode, JobHandle, JobOutcome};
use qapi_core::Result;

use super::{BlockJob, DeferredDrops};
use crate::schema::block_job::BlockJobChange;

/// A kind of block job: QEMU's `BlockJobDriver`.
///
/// The methods correspond to the methods of [`JobDriver`](job::JobDriver) that differ between kinds
/// of block jobs, or return properties of the job.
pub trait BlockJobDriver: Send + Sync + 'static {
    /// Does the work, and calls the pause points of the job's handle regularly.
    ///
    /// # Errors
    /// The work failed. The text becomes the job's error.
    fn run<'a>(&'a self, job: BlockJobHandle<'a>) -> RunFuture<'a>;

    /// Puts the result in place. This is the last step that can fail the job. All data are written
    /// already, and the job's nodes are still reserved. Runs on a thread for blocking work if
    /// [`prepare_blocks`](Self::prepare_blocks) returns `true`.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    fn prepare(&self) -> Result<()> {
        Ok(())
    }

    /// Whether [`prepare`](Self::prepare) may block. If this method returns `false`, `prepare` runs
    /// on the thread of the main loop, and clients cannot observe the job in the meantime.
    fn prepare_blocks(&self) -> bool {
        false
    }

    /// Called when a client completes the job, which is ready. [`run`](Self::run) must then return
    /// soon. See [`JobDriver::complete`](job::JobDriver::complete).
    ///
    /// # Errors
    /// This kind of job cannot be completed, which is the default.
    fn complete(&self, job: &JobHandle) -> Result<()> {
        Err(job::cannot_complete(job.id().unwrap_or_default()))
    }

    /// Called when the job is cancelled, softly or by force. Returns the mode that takes effect.
    /// See [`JobDriver::cancel`](job::JobDriver::cancel).
    fn cancel(&self, job: &JobHandle, mode: CancelMode) -> CancelMode {
        let _ = (job, mode);
        CancelMode::Force
    }

    /// Called when a client changes options of the job with `block-job-change`.
    ///
    /// # Errors
    /// The options cannot be changed, which is the default.
    fn change(&self, options: &BlockJobChange) -> Result<()> {
        let _ = options;
        Err(job::cannot_change())
    }

    /// Whether the target equals the source, and all writes to the source are copied synchronously.
    fn actively_synced(&self) -> bool {
        false
    }

    /// Called before [`clean`](Self::clean), with the outcome of the job: in a group, that of the
    /// group. Must not block.
    fn finish(&self, outcome: JobOutcome) {
        let _ = outcome;
    }

    /// Reverts the job's temporary changes to the graph. Called after success and after failure.
    /// Must not block: add objects whose drop may block to `drops`.
    ///
    /// The job's nodes are released afterwards, unless
    /// [`reserves_until_dismissed`](Self::reserves_until_dismissed) returns `true`.
    fn clean(&self, drops: &mut DeferredDrops) {
        let _ = drops;
    }

    /// Whether the job's nodes stay reserved until the job is dismissed.
    fn reserves_until_dismissed(&self) -> bool {
        false
    }
}

/// The future of [`BlockJobDriver::run`].
pub type RunFuture<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// A block job as its driver sees it: a [`JobHandle`] that also counts requests and handles I/O
/// errors.
#[derive(Clone, Copy)]
pub struct BlockJobHandle<'a> {
    pub(super) handle: &'a JobHandle,
    pub(super) block_job: &'a BlockJob,
}

impl Deref for BlockJobHandle<'_> {
    type Target = JobHandle;

    fn deref(&self) -> &JobHandle {
        self.handle
    }
}

impl BlockJobHandle<'_> {
    /// Counts a successful request, and adds `bytes` to the job's progress.
    pub fn advance(&self, bytes: u64) {
        self.block_job.last_request_failed.store(false, Ordering::Relaxed);
        self.handle.advance(bytes);
        self.block_job.count_request();
    }
}
