//! What ends members of a transaction: at once as far as nothing has to be waited for, then by
//! itself.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::ending::{Awaited, awaited};
use crate::sync::spawn_on;
use crate::transaction::Transaction;

/// The work of ending members of a transaction. Dropped before it is done, as when the runtime is
/// shut down under it or there is none, it ends them without waiting for hooks.
pub(crate) struct Finishing {
    transaction: Transaction,
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Finishing {
    /// Does the work as far as it can be done now, and has the rest go on by itself, where the
    /// members are at work: clients may end jobs from anywhere.
    pub(crate) fn begin(
        transaction: &Transaction,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let runtime = transaction.runtime();
        let mut finishing = Self { transaction: transaction.clone(), work: Some(Box::pin(work)) };
        if finishing.poll_now().is_pending() {
            spawn_on(runtime, Awaited::new(finishing));
        }
    }

    fn poll_now(&mut self) -> Poll<()> {
        let mut nobody = Context::from_waker(Waker::noop());
        awaited(|| Pin::new(self).poll(&mut nobody))
    }
}

impl Future for Finishing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Not there meanwhile: work that panicked is not gone on with.
        let Some(mut work) = self.work.take() else { return Poll::Ready(()) };
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl Drop for Finishing {
    fn drop(&mut self) {
        if self.work.is_some() {
            self.transaction.abandon();
            // Nothing waits any more, so that this goes through to the end.
            let _ = self.poll_now();
        }
    }
}
