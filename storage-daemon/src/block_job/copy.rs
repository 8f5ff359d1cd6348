//! Running the copy engine under a block job, with the job's pauses, rate limit, progress and error
//! policy.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use block::copy::{
    Copier, CopyControl, CopyError, CopySlots, DirtyBitmap, ErrorAction, PointInTime,
    SequentialCopy, Side,
};
use block::error::Error;
use block::nodes::Node;
use qapi_core::Result;

use super::{BlockJobHandle, OnError};

/// Copies the source as it was when `point_in_time` was created.
///
/// # Errors
/// The job is cancelled, or a request failed and the policy is to report it.
pub async fn copy_point_in_time(
    job: BlockJobHandle<'_>,
    point_in_time: &PointInTime,
    on_error: OnError,
) -> Result<()> {
    let control = JobControl { job, on_error, bitmap: None };
    let work = async {
        point_in_time.skip_out_of_scope(&control).await?;
        job.set_remaining(point_in_time.outstanding());
        point_in_time.copy_rest(&control).await.map_err(job_error)
    };
    run_and_count(job, point_in_time, work).await
}

/// Copies only data that are about to be overwritten, until the job is cancelled.
///
/// # Errors
/// The job is cancelled.
pub async fn copy_before_write(
    job: BlockJobHandle<'_>,
    point_in_time: &PointInTime,
) -> Result<()> {
    let idle = async {
        loop {
            job.entered().await?;
        }
    };
    run_and_count(job, point_in_time, idle).await
}

/// Runs `work`, and adds all bytes that are copied meanwhile to the job's progress. They include
/// bytes that are copied because a write is about to overwrite them.
async fn run_and_count(
    job: BlockJobHandle<'_>,
    point_in_time: &PointInTime,
    work: impl Future<Output = Result<()>>,
) -> Result<()> {
    // An upper bound, until it is known how much of the source is in scope.
    job.set_remaining(point_in_time.copier().size());
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            bytes = point_in_time.copied() => job.advance(bytes),
            result = &mut work => {
                if result.is_ok() {
                    job.set_remaining(0);
                }
                return result;
            }
        }
    }
}

/// Marks all ranges as dirty that any of the images has allocated. Each image is the backing image
/// of the previous one.
///
/// # Errors
/// The job is cancelled, or the allocation of an image cannot be read.
pub async fn mark_allocated(
    job: BlockJobHandle<'_>,
    bitmap: &Arc<DirtyBitmap>,
    images: &[Arc<Node>],
) -> Result<()> {
    let control = JobControl { job, on_error: OnError::both(None), bitmap: Some(bitmap) };
    bitmap.mark_allocated(images, &control).await.map_err(job_error)
}

/// Copies dirty ranges until no range is dirty.
///
/// # Errors
/// As for [`copy_point_in_time`].
pub async fn follow(
    job: BlockJobHandle<'_>,
    copier: &Copier,
    bitmap: &Arc<DirtyBitmap>,
    on_error: OnError,
) -> Result<()> {
    let control = JobControl { job, on_error, bitmap: Some(bitmap) };
    job.set_remaining(bitmap.outstanding());
    copier.follow(bitmap, &control).await.map_err(job_error)?;
    job.set_remaining(bitmap.outstanding());
    Ok(())
}

/// Runs a sequential copy.
///
/// # Errors
/// As for [`copy_point_in_time`].
pub async fn run_sequentially<W: SequentialCopy>(
    job: BlockJobHandle<'_>,
    slots: &CopySlots,
    work: &Arc<W>,
    on_error: OnError,
) -> Result<()> {
    job.set_remaining(work.length());
    let control = JobControl { job, on_error, bitmap: None };
    block::copy::run_sequentially(work, slots, &control).await.map_err(job_error)
}

/// Flushes a target before the job reports success. A failed flush is an error of the target, for
/// which the job's policy applies: the flush is repeated unless the error is ignored or reported.
///
/// QEMU flushes the targets of mirrors only. The targets of its other jobs are written back by the
/// host at a later time.
///
/// # Errors
/// As for [`copy_point_in_time`].
pub async fn flush(job: BlockJobHandle<'_>, target: &Arc<Node>, on_error: OnError) -> Result<()> {
    let control = JobControl { job, on_error, bitmap: None };
    block::copy::flush(target, &control).await.map_err(job_error)
}

/// Flushes a target once. Returns whether the flush succeeded; if not, the caller must repeat it.
///
/// # Errors
/// The flush failed, and the policy is to report it.
pub async fn try_flush(
    job: BlockJobHandle<'_>,
    target: &Arc<Node>,
    on_error: OnError,
) -> Result<bool> {
    let control = JobControl { job, on_error, bitmap: None };
    let failed = block::copy::try_flush(target, &control).await.map_err(job_error)?;
    Ok(failed.is_none())
}

/// The error of a job whose copy has ended with an error.
fn job_error(error: CopyError<qapi_core::Error>) -> qapi_core::Error {
    match error {
        CopyError::Stopped(stopped) => stopped,
        CopyError::Failed { error, .. } => error.into(),
    }
}

/// Controls the copy engine on behalf of a job.
struct JobControl<'a> {
    job: BlockJobHandle<'a>,
    on_error: OnError,
    /// Counts the remaining bytes, for a job whose total is not known from the start.
    bitmap: Option<&'a DirtyBitmap>,
}

impl CopyControl for JobControl<'_> {
    type Stop = qapi_core::Error;

    fn interrupted(&self) -> bool {
        let handle = &self.job;
        handle.is_cancelled() || handle.job().pause_requested()
    }

    fn speed(&self) -> u64 {
        self.job.speed().bytes_per_second()
    }

    async fn pause_point(&self) -> Result<()> {
        Ok(self.job.throttle(0).await?)
    }

    async fn wait(&self, time: Duration) -> Result<()> {
        Ok(self.job.sleep(time).await?)
    }

    fn charge(&self, bytes: u64) {
        self.job.charge(bytes);
    }

    fn advance(&self, bytes: u64) {
        self.job.advance(bytes);
        if let Some(bitmap) = self.bitmap {
            self.job.set_remaining(bitmap.outstanding());
        }
    }

    fn on_error(&self, side: Side, error: &Error) -> ErrorAction {
        self.job.handle_error(self.on_error, side, error)
    }
}
