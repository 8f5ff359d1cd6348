//! Locks, notifications and tasks. No other file of this crate takes them from `std` or `tokio`.
//!
//! All are in one place, so that the package `tests/interleavings` can build the crate a second
//! time against `shuttle`, which tries every possible order of threads. Only that package sets the
//! `cfg` named `shuttle`.
//!
//! # The order of locks
//!
//! The engine has one lock, for all its jobs and transactions and for the queue of events. The
//! progress and the rate limit of a job have a lock each. They are taken last, and alone. With any
//! lock taken, the crate calls no hook and no event sink, drops no job, and awaits nothing.

pub(crate) mod callback_scope;
pub(crate) mod event_count;

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
        self.turn.load(std::sync::atomic::Ordering::SeqCst);
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
