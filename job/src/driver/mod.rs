//! Drivers: the code that the author of a kind of job writes, and how the engine calls it.

mod handle;

pub use handle::{Cancelled, JobHandle};

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use qapi_core::Error;

use crate::events::JobNotification;
use crate::job::{DynDriver, HookFuture, Job};
use crate::machine::job::JobOutcome;
use crate::messages;
use crate::options::CancelMode;
use crate::sync::enter_callback;

/// A kind of job: its work, and its reactions to the events in the life of a job.
///
/// [`run`](Self::run) does the work. The other methods are hooks. Their defaults fit a job that
/// never becomes ready and has nothing to clean up. The engine calls hooks while `run` waits and,
/// on a runtime of several threads, also while `run` computes. All methods therefore take `&self`.
/// A hook must return quickly. A hook may call the engine.
///
/// Three hooks may wait, and are asynchronous: [`prepare`](Self::prepare), [`clean`](Self::clean)
/// and [`drain`](Self::drain). The engine polls such a hook at once; if it waits, the job stays in
/// its status until the hook is done. If the runtime is shut down in the meantime, the engine drops
/// the hook, and the job ends without it.
///
/// A driver that panics, in `run` or in a hook, fails its job and no other.
///
/// ```
/// use job::{JobDriver, JobHandle};
///
/// /// Counts to a number, a step each millisecond.
/// struct Count {
///     to: u64,
/// }
///
/// impl JobDriver for Count {
///     async fn run(&self, job: &JobHandle) -> qapi_core::Result<()> {
///         job.set_remaining(self.to);
///         for _ in 0..self.to {
///             job.sleep(std::time::Duration::from_millis(1)).await?;
///             job.advance(1);
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait JobDriver: Send + Sync + 'static {
    /// Does the work. Passes a pause point of the [`JobHandle`] wherever the job can pause or stop.
    ///
    /// A forced cancel appears as an error of the pause point; pass it on with `?`. The job then
    /// counts as cancelled, even if `run` returns `Ok`. `run` is not called if the job is cancelled
    /// before its work begins. If the job is paused before its work begins, `run` is called when
    /// the pause ends.
    ///
    /// # Errors
    /// The reason for a failure. Its text becomes the job's error.
    fn run(&self, job: &JobHandle) -> impl Future<Output = Result<(), Error>> + Send;

    /// A client resumes the job, or cancels it during the pause of a client or of an error. Called
    /// before the job leaves its pause.
    fn user_resume(&self, job: &JobHandle) {
        let _ = job;
    }

    /// A client completes the job, which is ready or in standby. Make `run` return, and call
    /// [`JobHandle::enter`] to wake it.
    ///
    /// # Errors
    /// The reason why the job cannot complete. By default: `The active block job 'ID' cannot be
    /// completed`.
    fn complete(&self, job: &JobHandle) -> Result<(), Error> {
        Err(messages::cannot_complete(job.id().unwrap_or_default()))
    }

    /// The job is being cancelled. Returns the mode that takes effect. A kind of job that supports
    /// soft cancels (a ready mirror stops and succeeds) returns [`CancelMode::Soft`] for a soft
    /// cancel; the default is to force every cancel. A forced cancel stays forced. Also called for
    /// a job that was never started, and once more for each further cancel.
    fn cancel(&self, job: &JobHandle, mode: CancelMode) -> CancelMode {
        let _ = (job, mode);
        CancelMode::Force
    }

    /// The last chance to fail, when every member of the job's transaction has done its work. The
    /// engine prepares all members, one after the other, before it cleans up the first. The job is
    /// pending meanwhile, and may be cancelled.
    ///
    /// # Errors
    /// The reason why the job, and with it the transaction, fails after all.
    fn prepare(&self, job: &JobHandle) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = job;
        std::future::ready(Ok(()))
    }

    /// The job is over: commit its result, or undo its work, and release its resources. The job is
    /// concluded afterwards. Also called for a job that was never started when its transaction is
    /// undone.
    fn clean(&self, job: &JobHandle, outcome: JobOutcome) -> impl Future<Output = ()> + Send {
        let _ = (job, outcome);
        std::future::ready(())
    }

    /// A client changes options of the job. The driver and the caller of
    /// [`Job::change`](crate::Job::change) agree on their type.
    ///
    /// # Errors
    /// The reason why the options cannot change. By default: `Job type does not support change`.
    fn change(&self, job: &JobHandle, options: &(dyn Any + Send + Sync)) -> Result<(), Error> {
        let _ = (job, options);
        Err(messages::cannot_change())
    }

    /// Reports a moment at which a layer above may send an event of its own. Called in order with
    /// the status changes of all jobs, also for internal jobs.
    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        let _ = (job, notification);
    }

    /// Waits for the consequences of a command that finalized, dismissed or resumed the job.
    /// Examples are the changes that its end causes elsewhere, and its first step after the pause.
    /// The reply to the command is sent afterwards; see [`Job::drained`](crate::Job::drained).
    fn drain(&self, job: &JobHandle) -> impl Future<Output = ()> + Send {
        let _ = job;
        std::future::ready(())
    }
}

/// The engine calls a driver through this implementation, which erases the type of the driver and
/// catches its panics.
impl<D: JobDriver> DynDriver for D {
    fn run(self: Arc<Self>, job: Job) -> HookFuture {
        Box::pin(guard_future("run", async move {
            let handle = JobHandle::new(job);
            handle.pause_point().await?;
            handle.job().counts().restart_estimate();
            JobDriver::run(&*self, &handle).await
        }))
    }

    fn user_resume(&self, job: &Job) {
        let _ = guard("user_resume", job, |handle| JobDriver::user_resume(self, handle));
    }

    fn complete(&self, job: &Job) -> Result<(), Error> {
        guard("complete", job, |handle| JobDriver::complete(self, handle))?
    }

    /// A hook that panics forces the cancel.
    fn cancel(&self, job: &Job, mode: CancelMode) -> CancelMode {
        guard("cancel", job, |handle| JobDriver::cancel(self, handle, mode))
            .unwrap_or(CancelMode::Force)
    }

    fn prepare(self: Arc<Self>, job: Job) -> HookFuture {
        Box::pin(guard_future("prepare", async move {
            JobDriver::prepare(&*self, &JobHandle::new(job)).await
        }))
    }

    fn clean(self: Arc<Self>, job: Job, outcome: JobOutcome) -> HookFuture {
        Box::pin(guard_future("clean", async move {
            JobDriver::clean(&*self, &JobHandle::new(job), outcome).await;
            Ok(())
        }))
    }

    fn change(&self, job: &Job, options: &(dyn Any + Send + Sync)) -> Result<(), Error> {
        guard("change", job, |handle| JobDriver::change(self, handle, options))?
    }

    fn notify(&self, job: &Job, notification: JobNotification) {
        let _ = guard("notify", job, |handle| JobDriver::notify(self, handle, notification));
    }

    fn drain(self: Arc<Self>, job: Job) -> HookFuture {
        Box::pin(guard_future("drain", async move {
            JobDriver::drain(&*self, &JobHandle::new(job)).await;
            Ok(())
        }))
    }
}

/// Calls a hook. If the hook panics, the job fails with the returned error.
fn guard<R>(name: &str, job: &Job, hook: impl FnOnce(&JobHandle) -> R) -> Result<R, Error> {
    let handle = JobHandle::new(job.clone());
    catch_unwind(AssertUnwindSafe(|| enter_callback(|| hook(&handle))))
        .map_err(|panic| panic_error(name, panic.as_ref()))
        .inspect_err(|error| job.fail(error.clone()))
}

/// Runs an asynchronous hook. A panic of the hook becomes an error.
async fn guard_future(
    name: &str,
    hook: impl Future<Output = Result<(), Error>> + Send,
) -> Result<(), Error> {
    let mut hook = pin!(hook);
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| enter_callback(|| hook.as_mut().poll(context))))
            .unwrap_or_else(|panic| Poll::Ready(Err(panic_error(name, panic.as_ref()))))
    })
    .await
}

/// The error of a job whose driver panicked.
fn panic_error(name: &str, panic: &(dyn Any + Send)) -> Error {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "no message",
    };
    tracing::error!(hook = name, text, "the driver of a job panicked");
    messages::driver_panicked(name, text)
}
