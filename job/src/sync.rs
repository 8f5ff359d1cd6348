//! Locks, notifications and tasks. No other file of this crate takes them from `std` or `tokio`.
//!
//! All are in one file, so that the package `tests/interleavings` can build the crate a second
//! time against `shuttle`, which tries every possible order of threads. Only that package sets the
//! `cfg` named `shuttle`.
//!
//! # The order of locks
//!
//! The engine has one lock, for all its jobs and transactions and for the queue of events. The
//! progress and the rate limit of a job have a lock each. These locks are taken last, and alone.
//! With any lock taken, the crate calls no hook and no event sink, drops no job, and awaits
//! nothing.
//!
//! # Callbacks
//!
//! A job waits for its driver's hooks and for the event sink. Code inside such a callback must not
//! wait for jobs in turn, or both wait for ever. The drop of an engine checks [`in_callback`].

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

#[cfg(not(shuttle))]
pub(crate) use std::sync::{MutexGuard, atomic::AtomicU64};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{MutexGuard, atomic::AtomicU64};

#[cfg(not(shuttle))]
use std::sync::Mutex as Lock;

#[cfg(shuttle)]
use shuttle::sync::Mutex as Lock;

/// A mutex that ignores poisoning: the data behind each lock of this crate is valid at all times.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T> {
    lock: Lock<T>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { lock: Lock::new(value) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Wakes tasks that wait.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    notify: tokio::sync::Notify,
    /// A scheduling point for `shuttle`, which does not know `tokio`'s.
    #[cfg(shuttle)]
    turn: AtomicU64,
}

impl Notify {
    /// Wakes all waiting tasks.
    pub(crate) fn notify_waiters(&self) {
        self.yield_to_scheduler();
        self.notify.notify_waiters();
    }

    /// Waits for the next call of [`notify_waiters`](Self::notify_waiters).
    pub(crate) fn notified(&self) -> tokio::sync::futures::Notified<'_> {
        self.yield_to_scheduler();
        self.notify.notified()
    }

    #[cfg_attr(not(shuttle), expect(clippy::unused_self, reason = "`shuttle` needs it"))]
    fn yield_to_scheduler(&self) {
        #[cfg(shuttle)]
        self.turn.load(Ordering::SeqCst);
    }
}

/// A count of events. A task that waits for a condition with it misses no wake-up.
///
/// A waiter reads the count, then checks its condition, then waits until the count has moved past
/// the value that was read. An event between the check and the wait therefore also wakes the
/// waiter.
#[derive(Debug, Default)]
pub(crate) struct EventCount {
    count: AtomicU64,
    notify: Notify,
}

impl EventCount {
    /// Counts an event, and wakes all waiters.
    pub(crate) fn notify(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.notify.notify_waiters();
    }

    /// The number of events so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until the number of events differs from `seen`. Returns the new number.
    pub(crate) async fn wait_past(&self, seen: u64) -> u64 {
        loop {
            // The waiter registers before it reads the count, so that it misses no event in
            // between.
            let notified = self.notify.notified();
            let count = self.count();
            if count != seen {
                return count;
            }
            notified.await;
        }
    }
}

/// The runtime of the current thread; `None` under `shuttle`.
///
/// # Panics
/// Outside of a runtime.
pub(crate) fn runtime() -> Option<tokio::runtime::Handle> {
    if cfg!(shuttle) { None } else { Some(tokio::runtime::Handle::current()) }
}

/// Spawns a task on the current runtime.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    #[cfg(not(shuttle))]
    drop(tokio::spawn(future));
    #[cfg(shuttle)]
    drop(shuttle::future::spawn(future));
}

/// Spawns a task on `runtime`, or on the current runtime if there is none. The future is dropped if
/// neither exists, or if the runtime is shutting down.
pub(crate) fn spawn_on(
    runtime: Option<tokio::runtime::Handle>,
    future: impl Future<Output = ()> + Send + 'static,
) {
    #[cfg(not(shuttle))]
    if let Some(runtime) = runtime.or_else(|| tokio::runtime::Handle::try_current().ok()) {
        drop(runtime.spawn(future));
    }
    #[cfg(shuttle)]
    drop((runtime, shuttle::future::spawn(future)));
}

thread_local! {
    /// The number of callbacks that this thread is inside of.
    static CALLBACK_DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether the current thread is inside a callback.
pub(crate) fn in_callback() -> bool {
    CALLBACK_DEPTH.get() > 0
}

/// Makes a call as a callback.
pub(crate) fn enter_callback<T>(call: impl FnOnce() -> T) -> T {
    /// Leaves the scope, also when the call panics.
    struct Leave;

    impl Drop for Leave {
        fn drop(&mut self) {
            CALLBACK_DEPTH.set(CALLBACK_DEPTH.get() - 1);
        }
    }

    CALLBACK_DEPTH.set(CALLBACK_DEPTH.get() + 1);
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
        enter_callback(|| future.as_mut().poll(context))
    }
}

impl<F> Drop for CallbackScope<F> {
    fn drop(&mut self) {
        enter_callback(|| self.future = None);
    }
}
