//! Locks of ranges of bytes.

use std::ops::Range;

use parking_lot::{Condvar, Mutex};

/// Locks of ranges of bytes, shared or exclusive.
///
/// A thread must not lock a second range while it has locked one.
#[derive(Debug, Default)]
pub(super) struct RangeLocks {
    locked: Mutex<Vec<Locked>>,
    released: Condvar,
}

/// A locked range.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Locked {
    range: Range<u64>,
    exclusive: bool,
}

impl RangeLocks {
    /// Locks a range that others may lock shared at the same time. Blocks the thread.
    pub(super) fn lock_shared(&self, range: Range<u64>) -> RangeLock<'_> {
        self.lock(Locked { range, exclusive: false })
    }

    /// Locks a range that no other may lock at the same time. Blocks the thread.
    pub(super) fn lock_exclusive(&self, range: Range<u64>) -> RangeLock<'_> {
        self.lock(Locked { range, exclusive: true })
    }

    fn lock(&self, wanted: Locked) -> RangeLock<'_> {
        let conflicts = |other: &Locked| {
            (wanted.exclusive || other.exclusive)
                && wanted.range.start < other.range.end
                && other.range.start < wanted.range.end
        };
        let mut locked = self.locked.lock();
        while locked.iter().any(conflicts) {
            self.released.wait(&mut locked);
        }
        locked.push(wanted.clone());
        RangeLock { locks: self, locked: wanted }
    }
}

/// A locked range, until it is dropped.
#[derive(Debug)]
pub(super) struct RangeLock<'a> {
    locks: &'a RangeLocks,
    locked: Locked,
}

impl Drop for RangeLock<'_> {
    fn drop(&mut self) {
        let mut locked = self.locks.locked.lock();
        // Equal locks are interchangeable.
        if let Some(at) = locked.iter().position(|other| *other == self.locked) {
            locked.swap_remove(at);
        }
        drop(locked);
        self.locks.released.notify_all();
    }
}
