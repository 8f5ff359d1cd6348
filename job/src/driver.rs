//! What the author of a kind of job writes.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use qapi_core::Error;

use crate::handle::JobHandle;
use crate::messages;

/// A kind of job: what it does, and what it wants to know of its life.
///
/// [`run`](Self::run) does the work. Everything else is a hook with a default that fits a job
/// which cannot become ready and has nothing to undo. Hooks are called also while `run` is
/// suspended at an await point or, on a runtime of several threads, at work elsewhere; that is why
/// all of them take `&self`. A hook must be quick, and it may call the engine. No lock of the
/// engine is held meanwhile.
///
/// Those that may take their time are futures: [`prepare`](Self::prepare) and
/// [`clean`](Self::clean), which have things to put in place and to let go of, and
/// [`settle`](Self::settle). What waits for nothing is done as soon as it is called; else the job
/// ends by itself when the hook is done, and stays in its status until then. A hook that still
/// waits when its runtime is shut down is given up, and the job ends without it.
///
/// A driver that panics, in `run` or in a hook, fails its job and nothing else.
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
    /// Does the work, passing a pause point of the [`JobHandle`] as often as it can rest or stop.
    ///
    /// A forced cancel comes as an error of the pause point, to be handed on with `?`. Whatever
    /// this returns after a forced cancel, the job counts as cancelled. A job that is cancelled
    /// before it has begun never comes here, and one that is paused then comes here afterwards.
    ///
    /// # Errors
    /// Why the work failed. The text becomes the job's error.
    fn run(&self, job: &JobHandle) -> impl Future<Output = Result<(), Error>> + Send;

    /// The job is about to rest in a pause point.
    fn pause(&self, job: &JobHandle) {
        let _ = job;
    }

    /// The job leaves the pause that [`pause`](Self::pause) announced, or the part of the driver
    /// that rested gives up waiting for the end of it. Called once for each `pause`.
    fn resume(&self, job: &JobHandle) {
        let _ = job;
    }

    /// A client resumes the job, or cancels it while it is paused by a client or after an error.
    /// Called before the job goes on.
    fn user_resume(&self, job: &JobHandle) {
        let _ = job;
    }

    /// A client asks the job, which is ready or in standby, to complete. Make `run` return, and
    /// call [`JobHandle::enter`] to wake it.
    ///
    /// # Errors
    /// Why it cannot complete. By default, that this kind of job never can.
    fn complete(&self, job: &JobHandle) -> Result<(), Error> {
        Err(messages::cannot_complete(job.id().unwrap_or_default()))
    }

    /// The job is being cancelled. Returns whether the cancel is a forced one, which one that was
    /// asked for as such is in any case: a kind of job that knows a softer end (a mirror that is
    /// ready simply stops following) returns `force`. Also called for a job that was never started,
    /// and again for a job that is cancelled again.
    fn cancel(&self, job: &JobHandle, force: bool) -> bool {
        let _ = (job, force);
        true
    }

    /// The last chance to fail: every member of the job's transaction has done its work. Called
    /// for all members, one after the other, before the first [`commit`](Self::commit). The job is
    /// pending meanwhile, and may be cancelled.
    ///
    /// # Errors
    /// Why the job, and with it the transaction, fails after all.
    fn prepare(&self, job: &JobHandle) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = job;
        std::future::ready(Ok(()))
    }

    /// Makes the result of a success final.
    fn commit(&self, job: &JobHandle) {
        let _ = job;
    }

    /// Undoes what a failed or cancelled job did. Also called for a job that was never started
    /// when its transaction is undone.
    fn abort(&self, job: &JobHandle) {
        let _ = job;
    }

    /// Releases what the job holds, after [`commit`](Self::commit) or [`abort`](Self::abort). The
    /// job is concluded afterwards.
    fn clean(&self, job: &JobHandle) -> impl Future<Output = ()> + Send {
        let _ = job;
        std::future::ready(())
    }

    /// The rate limit is about to become `speed` bytes a second; 0 is none. Only a driver that
    /// limits its rate by other means than [`JobHandle::throttle`] needs to know.
    ///
    /// # Errors
    /// Why this speed is not possible. The old one stays.
    fn set_speed(&self, job: &JobHandle, speed: i64) -> Result<(), Error> {
        let _ = (job, speed);
        Ok(())
    }

    /// A client changes options of the job. Their type is a matter between the driver and the
    /// layer that calls [`Job::change`](crate::Job::change).
    ///
    /// # Errors
    /// Why they cannot be changed so. By default, that this kind of job has none to change.
    fn change(&self, job: &JobHandle, options: &(dyn Any + Send + Sync)) -> Result<(), Error> {
        let _ = (job, options);
        Err(messages::cannot_change())
    }

    /// Something happened that a layer above may want to tell its clients. Comes in order with the
    /// status changes of all jobs, also for internal jobs.
    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        let _ = (job, notification);
    }

    /// Waits until what a client set in motion is in order: what the end of the job disturbed, or
    /// what it does first when it goes on. A client that finalized, dismissed or resumed the job
    /// has its reply when this returns; see [`Job::settled`](crate::Job::settled).
    fn settle(&self, job: &JobHandle) -> impl Future<Output = ()> + Send {
        let _ = job;
        std::future::ready(())
    }
}

/// What a driver is told beside its hooks, at the places where QEMU's block jobs send the events
/// of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobNotification {
    /// Right after the job became ready; not again when it leaves standby.
    Ready,
    /// Right after the job became pending, if it waits to be finalized.
    Pending,
    /// A job that was started has succeeded or failed, and is cleaned up, but not yet concluded.
    FinalizeCompleted,
    /// A job that was started has been cancelled, and is cleaned up, but not yet concluded.
    FinalizeCancelled,
}

pub(crate) type DriverFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// [`JobDriver`] without its type: the same methods, but futures are boxed, and all of them say
/// whether they have failed.
pub(crate) trait AnyDriver: Send + Sync + 'static {
    fn run<'a>(&'a self, job: &'a JobHandle) -> DriverFuture<'a>;
    fn pause(&self, job: &JobHandle);
    fn resume(&self, job: &JobHandle);
    fn user_resume(&self, job: &JobHandle);
    fn complete(&self, job: &JobHandle) -> Result<(), Error>;
    fn cancel(&self, job: &JobHandle, force: bool) -> bool;
    fn prepare<'a>(&'a self, job: &'a JobHandle) -> DriverFuture<'a>;
    fn commit(&self, job: &JobHandle);
    fn abort(&self, job: &JobHandle);
    fn clean<'a>(&'a self, job: &'a JobHandle) -> DriverFuture<'a>;
    fn set_speed(&self, job: &JobHandle, speed: i64) -> Result<(), Error>;
    fn change(&self, job: &JobHandle, options: &(dyn Any + Send + Sync)) -> Result<(), Error>;
    fn notify(&self, job: &JobHandle, notification: JobNotification);
    fn settle<'a>(&'a self, job: &'a JobHandle) -> DriverFuture<'a>;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<D: JobDriver> AnyDriver for D {
    fn run<'a>(&'a self, job: &'a JobHandle) -> DriverFuture<'a> {
        Box::pin(JobDriver::run(self, job))
    }

    fn pause(&self, job: &JobHandle) {
        JobDriver::pause(self, job);
    }

    fn resume(&self, job: &JobHandle) {
        JobDriver::resume(self, job);
    }

    fn user_resume(&self, job: &JobHandle) {
        JobDriver::user_resume(self, job);
    }

    fn complete(&self, job: &JobHandle) -> Result<(), Error> {
        JobDriver::complete(self, job)
    }

    fn cancel(&self, job: &JobHandle, force: bool) -> bool {
        JobDriver::cancel(self, job, force)
    }

    fn prepare<'a>(&'a self, job: &'a JobHandle) -> DriverFuture<'a> {
        Box::pin(JobDriver::prepare(self, job))
    }

    fn commit(&self, job: &JobHandle) {
        JobDriver::commit(self, job);
    }

    fn abort(&self, job: &JobHandle) {
        JobDriver::abort(self, job);
    }

    fn clean<'a>(&'a self, job: &'a JobHandle) -> DriverFuture<'a> {
        Box::pin(async move {
            JobDriver::clean(self, job).await;
            Ok(())
        })
    }

    fn set_speed(&self, job: &JobHandle, speed: i64) -> Result<(), Error> {
        JobDriver::set_speed(self, job, speed)
    }

    fn change(&self, job: &JobHandle, options: &(dyn Any + Send + Sync)) -> Result<(), Error> {
        JobDriver::change(self, job, options)
    }

    fn notify(&self, job: &JobHandle, notification: JobNotification) {
        JobDriver::notify(self, job, notification);
    }

    fn settle<'a>(&'a self, job: &'a JobHandle) -> DriverFuture<'a> {
        Box::pin(async move {
            JobDriver::settle(self, job).await;
            Ok(())
        })
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
