//! The adapter between the engine and a driver: it erases the type of the driver, and catches its
//! panics.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use qapi_core::Error;

use super::{JobDriver, JobHandle};
use crate::events::JobNotification;
use crate::job::{DynDriver, HookFuture, Job};
use crate::machine::job::JobOutcome;
use crate::messages;
use crate::options::CancelMode;
use crate::sync::callback_scope;

impl<D: JobDriver> DynDriver for D {
    fn run(self: Arc<Self>, job: Job) -> HookFuture {
        Box::pin(guard_future("run", async move {
            let handle = JobHandle::new(job);
            handle.pause_point().await?;
            JobDriver::run(&*self, &handle).await
        }))
    }

    fn user_resume(&self, job: &Job) {
        let _ = guard("user_resume", job, |handle| JobDriver::user_resume(self, handle));
    }

    fn complete(&self, job: &Job) -> Result<(), Error> {
        guard("complete", job, |handle| JobDriver::complete(self, handle))?
    }

    /// A cancel that panics is a forced one.
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
    catch_unwind(AssertUnwindSafe(|| callback_scope::enter(|| hook(&handle))))
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
        catch_unwind(AssertUnwindSafe(|| callback_scope::enter(|| hook.as_mut().poll(context))))
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
