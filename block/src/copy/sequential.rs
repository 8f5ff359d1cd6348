//! Processing an image from its beginning to its end, one step after the other.
//!
//! QEMU's stream and commit work this way. A thread makes several steps at once, so that short
//! steps need few changes of threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::RETRY_DELAY;
use super::control::{CopyControl, CopyError, ErrorAction, Side};
use super::slots::CopySlots;
use crate::error::Error;
use crate::image::aligned_buffer::AlignedBuffer;
use crate::nodes::async_node::panic_error;

/// The largest number of bytes that one step copies.
pub const STEP_MAX: u64 = 512 << 10;

/// The largest number of steps that a thread makes at once. Copies that wait for a slot get their
/// turn between them.
const STEPS_MAX: usize = 64;

/// How often a copy reports its progress, and checks whether its job wants to pause, to stop or to
/// change its speed.
const CHECK_INTERVAL: Duration = Duration::from_millis(2);

/// A copy that processes an image in steps.
pub trait SequentialCopy: Send + Sync + 'static {
    /// The treatment of a range whose error is ignored. `true`: the copy skips the range, and
    /// reports the first such error at its end. `false`: the copy tries the range again.
    const SKIPS_IGNORED_ERRORS: bool;

    /// The size of the image in bytes.
    fn length(&self) -> u64;

    /// Processes one range, from `offset` on. Blocks the thread. `buffer` is for any use, and is
    /// reused for other steps.
    ///
    /// # Errors
    /// The range could not be processed.
    fn step(&self, offset: u64, buffer: &mut AlignedBuffer) -> Result<Step, StepError>;
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
    let mut buffer = AlignedBuffer::default();
    while offset < work.length() {
        control.pause_point().await.map_err(CopyError::Stopped)?;
        let slot = slots.acquire(control).await?;
        let steps = Arc::new(Steps::new(Arc::clone(work), offset, control.speed() > 0));
        let made = make_steps(&steps, buffer, slot, control).await;
        offset = steps.offset.load(Ordering::Relaxed);
        let failed = match made {
            Ok((reused, failed)) => {
                buffer = reused;
                failed
            }
            Err(panicked) => {
                buffer = AlignedBuffer::default();
                Some(panicked)
            }
        };
        let Some(StepError { length, side, error }) = failed else { continue };
        match control.on_error(side, &error) {
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
        }
    }
    first_error.map_or(Ok(()), Err)
}

/// Steps that a thread makes one after the other.
struct Steps<W> {
    work: Arc<W>,
    /// The offset of the next step.
    offset: AtomicU64,
    /// The number of bytes that have been copied.
    copied: AtomicU64,
    /// Whether the thread stops after the current step.
    stop: AtomicBool,
    /// Whether the thread makes only one step.
    is_single: bool,
}

impl<W: SequentialCopy> Steps<W> {
    fn new(work: Arc<W>, offset: u64, is_single: bool) -> Self {
        let (offset, copied) = (AtomicU64::new(offset), AtomicU64::new(0));
        Steps { work, offset, copied, stop: AtomicBool::new(false), is_single }
    }

    /// Makes steps until the end of the image, an error, the request to stop, or the largest number
    /// of steps.
    fn run(&self, buffer: &mut AlignedBuffer) -> Option<StepError> {
        let mut offset = self.offset.load(Ordering::Relaxed);
        let most = if self.is_single { 1 } else { STEPS_MAX };
        for _ in 0..most {
            if offset >= self.work.length() || self.stop.load(Ordering::Relaxed) {
                break;
            }
            match self.work.step(offset, buffer) {
                Ok(Step { length, copied }) => {
                    offset += length;
                    self.offset.store(offset, Ordering::Relaxed);
                    if copied {
                        self.copied.fetch_add(length, Ordering::Relaxed);
                    }
                }
                Err(failed) => return Some(failed),
            }
        }
        None
    }
}

/// Stops the thread if the future of a copy is dropped.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes steps on a thread for blocking work until the control interrupts them. Returns the buffer,
/// and the error of a step.
///
/// # Errors
/// The thread panicked.
async fn make_steps<W: SequentialCopy, C: CopyControl>(
    steps: &Arc<Steps<W>>,
    mut buffer: AlignedBuffer,
    slot: OwnedSemaphorePermit,
    control: &C,
) -> Result<(AlignedBuffer, Option<StepError>), StepError> {
    let _stop = StopOnDrop(&steps.stop);
    let speed = control.speed();
    // Before the thread makes the first step, whose progress would be lost otherwise.
    let mut reported = steps.offset.load(Ordering::Relaxed);
    let making = Arc::clone(steps);
    let mut thread = tokio::task::spawn_blocking(move || {
        // The slot is free again only when the thread is.
        let _slot = slot;
        let failed = making.run(&mut buffer);
        (buffer, failed)
    });
    loop {
        let made = tokio::select! {
            biased;
            made = &mut thread => Some(made),
            () = tokio::time::sleep(CHECK_INTERVAL) => None,
        };
        let copied = steps.copied.swap(0, Ordering::Relaxed);
        if copied > 0 {
            control.charge(copied);
        }
        let offset = steps.offset.load(Ordering::Relaxed);
        if offset > reported {
            control.advance(offset - reported);
            reported = offset;
        }
        match made {
            Some(Ok(made)) => return Ok(made),
            Some(Err(panicked)) => {
                let error = panic_error(panicked);
                return Err(StepError { length: STEP_MAX, side: Side::Target, error });
            }
            None if control.interrupted() || control.speed() != speed => {
                steps.stop.store(true, Ordering::Relaxed);
            }
            None => {}
        }
    }
}
