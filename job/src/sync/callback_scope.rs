//! A mark on the current thread: it is inside a callback of the engine.
//!
//! A job waits for its driver's hooks and for the event sink. Code inside such a callback must not
//! wait for jobs in turn, or both wait for ever. The drop of an engine checks [`is_active`].

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

thread_local! {
    /// The number of callbacks that this thread is inside of.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether the current thread is inside a callback.
pub(crate) fn is_active() -> bool {
    DEPTH.get() > 0
}

/// Makes a call as a callback.
pub(crate) fn enter<T>(call: impl FnOnce() -> T) -> T {
    /// Leaves the scope, also when the call panics.
    struct Leave;

    impl Drop for Leave {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }

    DEPTH.set(DEPTH.get() + 1);
    let _leave = Leave;
    call()
}

/// A future that is polled, and dropped, as a callback.
pub(crate) struct CallbackScope<F> {
    future: Option<Pin<Box<F>>>,
}

impl<F> CallbackScope<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Some(Box::pin(future)) }
    }
}

impl<F: Future<Output = ()>> Future for CallbackScope<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        enter(|| future.as_mut().poll(context))
    }
}

impl<F> Drop for CallbackScope<F> {
    fn drop(&mut self) {
        enter(|| self.future = None);
    }
}
