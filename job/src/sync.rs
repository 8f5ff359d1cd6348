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

/// Has a future run by itself.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    #[cfg(not(shuttle))]
    drop(tokio::spawn(future));
    #[cfg(shuttle)]
    drop(shuttle::future::spawn(future));
}
