//! Processing an image from its beginning to its end, one step after the other.
//!
//! QEMU's stream and commit work this way.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::RETRY_DELAY;
use super::control::{CopyControl, CopyError, ErrorAction, Side};
use super::slots::CopySlots;
use crate::error::Error;
use crate::nodes::async_node::panic_error;

/// The largest number of bytes that one step processes.
pub const STEP_MAX: u64 = 512 << 10;

/// A copy that processes an image in steps.
pub trait SequentialCopy: Send + Sync + 'static {
    /// The treatment of a range whose error is ignored. `true`: the copy skips the range, and
    /// reports the first such error at its end. `false`: the copy tries the range again.
    const SKIPS_IGNORED_ERRORS: bool;

    /// The size of the image in bytes.
    fn length(&self) -> u64;

    /// Processes one range, from `offset` on. Blocks the thread.
    ///
    /// # Errors
    /// The range could not be processed.
    fn step(&self, offset: u64) -> Result<Step, StepError>;
}

/// A range that has been processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The number of bytes; more than 0.
    pub length: u64,
    /// Whether anything was copied. Only then does the range count towards the speed limit.
    pub copied: bool,
}

/// A range that could not be processed.
#[derive(Debug)]
pub struct StepError {
    /// The number of bytes; more than 0.
    pub length: u64,
    /// The side on which the error occurred.
    pub side: Side,
    /// The error.
    pub error: Error,
}

/// Processes the whole image.
///
/// # Errors
/// [`CopyError`]: the copy is stopped, or a range could not be processed and the error was neither
/// ignored nor resolved.
pub async fn run_sequentially<W: SequentialCopy, C: CopyControl>(
    work: &Arc<W>,
    slots: &CopySlots,
    control: &C,
) -> Result<(), CopyError<C::Stop>> {
    let mut first_error = None;
    let mut offset = 0;
    while offset < work.length() {
        control.pause_point().await.map_err(CopyError::Stopped)?;
        let slot = slots.acquire(control).await?;
        match step(Arc::clone(work), offset, slot).await {
            Ok(Step { length, copied }) => {
                if copied {
                    control.charge(length);
                }
                offset += length;
                control.advance(length);
            }
            Err(StepError { length, side, error }) => match control.on_error(side, &error) {
                ErrorAction::Report => return Err(CopyError::Failed { side, error }),
                ErrorAction::Ignore if W::SKIPS_IGNORED_ERRORS => {
                    first_error.get_or_insert(CopyError::Failed { side, error });
                    offset += length;
                    control.advance(length);
                }
                ErrorAction::Ignore => {
                    control.wait(RETRY_DELAY).await.map_err(CopyError::Stopped)?;
                }
                // The pause point of the next iteration waits until the job is resumed.
                ErrorAction::Stop => {}
            },
        }
    }
    first_error.map_or(Ok(()), Err)
}

/// Runs a step on a thread for blocking work.
async fn step<W: SequentialCopy>(
    work: Arc<W>,
    offset: u64,
    slot: OwnedSemaphorePermit,
) -> Result<Step, StepError> {
    let step = tokio::task::spawn_blocking(move || {
        // The slot is free again only when the thread is.
        let _slot = slot;
        work.step(offset)
    });
    step.await.unwrap_or_else(|panicked| {
        Err(StepError { length: STEP_MAX, side: Side::Target, error: panic_error(panicked) })
    })
}
