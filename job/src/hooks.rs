//! Calling a driver's hooks. A panic in one of them becomes the error of its job, and an answer.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use qapi_core::Error;

use crate::driver::{AnyDriver, DriverFuture, JobNotification};
use crate::ending::awaited;
use crate::handle::JobHandle;
use crate::job::Job;
use crate::messages;

impl Job {
    pub(crate) fn hook_pause(&self) {
        let _ = self.call("pause", |driver, job| driver.pause(job));
    }

    pub(crate) fn hook_resume(&self) {
        let _ = self.call("resume", |driver, job| driver.resume(job));
    }

    pub(crate) fn hook_user_resume(&self) {
        let _ = self.call("user_resume", |driver, job| driver.user_resume(job));
    }

    pub(crate) fn hook_complete(&self) -> Result<(), Error> {
        self.call("complete", |driver, job| driver.complete(job))?
    }

    /// Whether the cancel is a forced one. That of a driver which cannot say is.
    pub(crate) fn hook_cancel(&self, force: bool) -> bool {
        self.call("cancel", |driver, job| driver.cancel(job, force)).unwrap_or(true)
    }

    pub(crate) async fn hook_prepare(&self) -> Result<(), Error> {
        self.call_and_wait("prepare", |driver, job| driver.prepare(job)).await
    }

    pub(crate) fn hook_commit(&self) {
        let _ = self.call("commit", |driver, job| driver.commit(job));
    }

    pub(crate) fn hook_abort(&self) {
        let _ = self.call("abort", |driver, job| driver.abort(job));
    }

    pub(crate) async fn hook_clean(&self) -> Result<(), Error> {
        self.call_and_wait("clean", |driver, job| driver.clean(job)).await
    }

    pub(crate) fn hook_set_speed(&self, speed: i64) -> Result<(), Error> {
        self.call("set_speed", |driver, job| driver.set_speed(job, speed))?
    }

    pub(crate) fn hook_change(&self, options: &(dyn Any + Send + Sync)) -> Result<(), Error> {
        self.call("change", |driver, job| driver.change(job, options))?
    }

    pub(crate) fn hook_notify(&self, notification: JobNotification) {
        let _ = self.call("notify", |driver, job| driver.notify(job, notification));
    }

    pub(crate) async fn hook_settle(&self) {
        let settled = self.call_and_wait("settle", |driver, job| driver.settle(job)).await;
        if let Err(error) = settled {
            self.fail(error);
        }
    }

    /// Calls a hook. If it panics, the job has failed.
    fn call<R>(
        &self,
        name: &str,
        hook: impl FnOnce(&dyn AnyDriver, &JobHandle) -> R,
    ) -> Result<R, Error> {
        let handle = JobHandle::new(self.clone());
        catch_unwind(AssertUnwindSafe(|| awaited(|| hook(self.any_driver(), &handle))))
            .map_err(|panic| panic_error(name, panic.as_ref()))
            .inspect_err(|error| self.fail(error.clone()))
    }

    /// Calls a hook that may take its time. If it panics, the result is an error.
    async fn call_and_wait(
        &self,
        name: &str,
        hook: impl for<'a> Fn(&'a dyn AnyDriver, &'a JobHandle) -> DriverFuture<'a>,
    ) -> Result<(), Error> {
        let handle = JobHandle::new(self.clone());
        let mut called = None;
        let done = poll_fn(|context| {
            poll_guarded(name, context, |context| {
                let called = called.get_or_insert_with(|| hook(self.any_driver(), &handle));
                called.as_mut().poll(context)
            })
        });
        done.await
    }
}

/// Polls a future of the driver's. If that panics, the result is an error, and the future must not
/// be polled again.
pub(crate) fn poll_guarded(
    place: &str,
    context: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<Result<(), Error>>,
) -> Poll<Result<(), Error>> {
    catch_unwind(AssertUnwindSafe(|| awaited(|| poll(context))))
        .unwrap_or_else(|panic| Poll::Ready(Err(panic_error(place, panic.as_ref()))))
}

/// The error of a job whose driver panicked.
fn panic_error(place: &str, panic: &(dyn Any + Send)) -> Error {
    let what = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "no message",
    };
    tracing::error!(place, what, "the driver of a job panicked");
    messages::driver_panicked(place, what)
}
