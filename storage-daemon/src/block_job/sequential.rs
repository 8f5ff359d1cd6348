//! Walking over an image from its beginning to its end, one piece after the other.
//!
//! Stream and commit work so, as in QEMU: both write into images that hold data of their own, and
//! whoever looks at the order in which they do it finds it simple.

use std::sync::Arc;

use block::copy::{CopySlots, ErrorAction, RETRY_DELAY, SLOT_POLL_INTERVAL, Side};
use block::error::Error;
use qapi_core::{Error as QmpError, Result};
use tokio::sync::OwnedSemaphorePermit;

use super::{BlockJobHandle, OnError};
use crate::schema::block_job::BlockdevOnError;

/// The most bytes that are dealt with in one step.
pub const STEP_MAX: u64 = 512 << 10;

/// What is done with each piece of an image.
pub trait SequentialJob: Send + Sync + 'static {
    /// Whether a piece that could not be dealt with is left out where errors are to be ignored.
    /// The job fails in the end then. Else it is tried again.
    const SKIPS_IGNORED: bool;

    /// Deals with the image from `offset` on. Blocks.
    ///
    /// # Errors
    /// The piece could not be dealt with.
    fn step(&self, offset: u64) -> std::result::Result<Step, StepError>;
}

/// A piece that has been dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How many bytes it has; more than 0.
    pub length: u64,
    /// Whether anything had to be copied, which counts for the speed.
    pub copied: bool,
}

/// A piece that could not be dealt with.
#[derive(Debug)]
pub struct StepError {
    /// How many bytes it has; more than 0.
    pub length: u64,
    /// On which side the fault is.
    pub side: Side,
    /// What it is.
    pub error: Error,
}

/// Walks over `length` bytes, with the job's pauses, speed, progress and policy for errors.
///
/// # Errors
/// The job is cancelled, or a piece could not be dealt with and the policy is not to try again.
pub async fn run_sequentially<W: SequentialJob>(
    job: BlockJobHandle<'_>,
    slots: &CopySlots,
    work: &Arc<W>,
    length: u64,
    on_error: BlockdevOnError,
) -> Result<()> {
    job.set_remaining(length);
    let mut first_error = None;
    let mut offset = 0;
    while offset < length {
        job.throttle(0).await?;
        let slot = slot(job, slots).await?;
        match step(Arc::clone(work), offset, slot).await {
            Ok(Step { length, copied }) => {
                if copied {
                    job.charge(length);
                }
                offset += length;
                job.advance(length);
            }
            Err(StepError { length, side, error }) => {
                let both = OnError { source: on_error, target: on_error };
                match job.handle_error(both, side, &error) {
                    ErrorAction::Report => return Err(error.into()),
                    ErrorAction::Ignore if W::SKIPS_IGNORED => {
                        first_error.get_or_insert(QmpError::from(error));
                        offset += length;
                        job.advance(length);
                    }
                    ErrorAction::Ignore => job.sleep(RETRY_DELAY).await?,
                    // The next step waits until the job goes on.
                    ErrorAction::Stop => {}
                }
            }
        }
    }
    first_error.map_or(Ok(()), Err)
}

/// Takes a step on a thread for blocking work.
async fn step<W: SequentialJob>(
    work: Arc<W>,
    offset: u64,
    slot: OwnedSemaphorePermit,
) -> std::result::Result<Step, StepError> {
    let stepped = tokio::task::spawn_blocking(move || {
        // Kept until the thread is free again.
        let _slot = slot;
        work.step(offset)
    });
    stepped.await.unwrap_or_else(|panicked| {
        tracing::error!(%panicked, "a step of a job was lost");
        let error = Error::Io(std::io::Error::other(panicked));
        Err(StepError { length: STEP_MAX, side: Side::Target, error })
    })
}

/// Waits for one of the slots that all jobs share.
async fn slot(job: BlockJobHandle<'_>, slots: &CopySlots) -> Result<OwnedSemaphorePermit> {
    loop {
        if let Some(slot) = slots.take() {
            return Ok(slot);
        }
        tokio::select! {
            () = slots.freed() => {}
            waited = job.sleep(SLOT_POLL_INTERVAL) => waited?,
        }
    }
}
