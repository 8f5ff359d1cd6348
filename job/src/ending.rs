//! Waiting for the jobs of an engine that is dropped, where a drop may wait.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::job::Job;

thread_local! {
    /// How many calls of this thread a job is waiting for.
    static AWAITED: Cell<u32> = const { Cell::new(0) };
}

/// Calls what a job is waiting for: its driver, or who is told of it. What happens in there must
/// not wait for jobs in turn.
pub(crate) fn awaited<T>(call: impl FnOnce() -> T) -> T {
    /// Counts back also when the call panics.
    struct Leave;

    impl Drop for Leave {
        fn drop(&mut self) {
            AWAITED.set(AWAITED.get() - 1);
        }
    }

    AWAITED.set(AWAITED.get() + 1);
    let _leave = Leave;
    call()
}

/// A future that a job is waiting for, and that is [`awaited`] in its drop as well.
pub(crate) struct Awaited<F> {
    future: Option<Pin<Box<F>>>,
}

impl<F> Awaited<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Some(Box::pin(future)) }
    }
}

impl<F: Future<Output = ()>> Future for Awaited<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        awaited(|| future.as_mut().poll(context))
    }
}

impl<F> Drop for Awaited<F> {
    fn drop(&mut self) {
        awaited(|| self.future = None);
    }
}

/// Waits until jobs that were cancelled are gone: those that other threads than this one drive, if
/// this thread may block.
pub(crate) fn wait_for(jobs: &[Job]) {
    let of_several_threads = |runtime: &Handle| is_of_several_threads(runtime);
    let runtimes: Vec<_> =
        jobs.iter().map(|job| job.runtime().filter(of_several_threads)).collect();
    let Some(runtime) = runtimes.iter().flatten().next() else { return };
    if AWAITED.get() > 0 {
        return;
    }
    let all = async {
        for (job, _) in jobs.iter().zip(&runtimes).filter(|(_, runtime)| runtime.is_some()) {
            job.gone().await;
        }
    };
    match Handle::try_current() {
        Err(_) => runtime.block_on(all),
        Ok(here) if is_of_several_threads(&here) => {
            // Within a `LocalSet` it panics, and nothing tells beforehand.
            let wait = || block_in_place(|| here.block_on(all));
            if catch_unwind(AssertUnwindSafe(wait)).is_err() {
                tracing::warn!("an engine was dropped where its jobs cannot be waited for");
            }
        }
        // What the jobs wait for may be this thread's to do.
        Ok(_) => {}
    }
}

fn is_of_several_threads(runtime: &Handle) -> bool {
    runtime.runtime_flavor() == RuntimeFlavor::MultiThread
}
