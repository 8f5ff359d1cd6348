//! What threads of one engine share, and how they take turns. Nothing else in this crate locks.
//!
//! One place, so that the package `tests/interleavings` can build the crate a second time, with
//! threads and locks whose every possible order it tries (the `cfg` named `shuttle`, which nobody
//! else sets).
//!
//! # The order of locks
//!
//! A transaction's members, the engine's list of jobs, a job's state, and last what is queued to
//! be told: who holds one of them takes only later ones. Only a transaction holds the states of
//! several jobs at a time. With any of them held, no hook of a driver and no event sink is called,
//! and nothing is awaited.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{MutexGuard, atomic::AtomicU64};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{MutexGuard, atomic::AtomicU64};

#[cfg(not(shuttle))]
use std::sync::Mutex as Lock;

#[cfg(shuttle)]
use shuttle::sync::Mutex as Lock;

/// A mutex that does not mind panics: whatever it guards here is whole at all times.
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

/// Wakes whoever waits.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    notify: tokio::sync::Notify,
    /// Has threads take turns here as well.
    #[cfg(shuttle)]
    turn: AtomicU64,
}

impl Notify {
    /// Wakes everyone who waits.
    pub(crate) fn notify_waiters(&self) {
        self.take_turn();
        self.notify.notify_waiters();
    }

    /// Waits until [`notify_waiters`](Self::notify_waiters) is called, from now on.
    pub(crate) fn notified(&self) -> tokio::sync::futures::Notified<'_> {
        self.take_turn();
        self.notify.notified()
    }

    #[cfg_attr(not(shuttle), expect(clippy::unused_self, reason = "so it is for `shuttle`"))]
    fn take_turn(&self) {
        #[cfg(shuttle)]
        self.turn.load(std::sync::atomic::Ordering::SeqCst);
    }
}

/// The runtime that a future spawned here would run on; `None` among the threads of `shuttle`.
pub(crate) fn runtime() -> Option<tokio::runtime::Handle> {
    if cfg!(shuttle) { None } else { Some(tokio::runtime::Handle::current()) }
}

/// Has a future run by itself.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    #[cfg(not(shuttle))]
    drop(tokio::spawn(future));
    #[cfg(shuttle)]
    drop(shuttle::future::spawn(future));
}

/// Has a future run by itself, on that runtime or, without one, on that of this thread. Where there
/// is none, or no longer, the future is dropped.
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
