//! The descriptors of one session.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::messages;

/// How many descriptors may have come without having been named: as many as QEMU takes with one
/// message. What comes beyond them is closed.
pub const UNCLAIMED_LIMIT: usize = 16;

/// How many descriptors a session may keep by name. All clients together must not be able to use
/// up those of the process, of which there are 1024 unless the administrator allows more.
pub const NAMED_LIMIT: usize = 64;

/// How long the name of a descriptor may be, in bytes; well above what anybody calls one.
pub const NAME_LIMIT: usize = 255;

/// The file descriptors that a session has received, closed with it.
#[derive(Debug, Default)]
pub struct SessionFds(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Not named yet, oldest first.
    unclaimed: VecDeque<OwnedFd>,
    named: BTreeMap<String, OwnedFd>,
}

impl SessionFds {
    /// Takes in descriptors that came with a message.
    pub(crate) fn receive(&self, fds: Vec<OwnedFd>) {
        let mut kept = self.lock();
        for fd in fds {
            if kept.unclaimed.len() == UNCLAIMED_LIMIT {
                tracing::warn!("file descriptors beyond {UNCLAIMED_LIMIT} were closed");
                return;
            }
            kept.unclaimed.push_back(fd);
        }
    }

    /// Closes what came with messages that did not ask for it.
    pub(crate) fn close_unclaimed(&self) {
        self.lock().unclaimed.clear();
    }

    /// Gives the oldest descriptor without a name this one. One that had it before is closed.
    ///
    /// # Errors
    /// None has come; the name begins with a digit or is longer than [`NAME_LIMIT`] (the
    /// descriptor is closed then); there are [`NAMED_LIMIT`] already.
    pub fn name_oldest(&self, name: &str) -> Result<()> {
        let mut kept = self.lock();
        let fd = kept.unclaimed.pop_front().ok_or_else(messages::fd_not_supplied)?;
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(messages::fd_name_is_number());
        }
        if name.len() > NAME_LIMIT {
            return Err(messages::fd_name_too_long(NAME_LIMIT));
        }
        if kept.named.len() >= NAMED_LIMIT && !kept.named.contains_key(name) {
            return Err(messages::too_many_fds(NAMED_LIMIT));
        }
        kept.named.insert(name.to_owned(), fd);
        Ok(())
    }

    /// Closes the descriptor of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn close(&self, name: &str) -> Result<()> {
        self.lock()
            .named
            .remove(name)
            .map(drop)
            .ok_or_else(|| messages::fd_to_close_unknown(name))
    }

    /// Takes the descriptor of this name, which the session then has no more.
    ///
    /// # Errors
    /// There is none.
    pub fn take(&self, name: &str) -> Result<OwnedFd> {
        self.lock().named.remove(name).ok_or_else(|| messages::fd_unknown(name))
    }

    /// Nothing that happens under the lock can leave it half done.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fds(count: usize) -> Vec<OwnedFd> {
        (0..count).map(|_| std::fs::File::open("/dev/null").expect("exists").into()).collect()
    }

    #[test]
    fn what_comes_beyond_the_limit_is_closed() {
        let store = SessionFds::default();
        store.receive(fds(UNCLAIMED_LIMIT + 1));
        for index in 0..UNCLAIMED_LIMIT {
            assert_eq!(store.name_oldest(&format!("fd{index}")), Ok(()));
        }
        assert_eq!(store.name_oldest("one-more"), Err(messages::fd_not_supplied()));
    }

    #[test]
    fn names_have_limits() {
        let store = SessionFds::default();
        for index in 0..NAMED_LIMIT {
            store.receive(fds(1));
            assert_eq!(store.name_oldest(&format!("fd{index}")), Ok(()));
        }
        store.receive(fds(2));
        assert_eq!(store.name_oldest("more"), Err(messages::too_many_fds(NAMED_LIMIT)));
        assert_eq!(store.name_oldest("fd0"), Ok(()), "replaces");
        store.receive(fds(2));
        assert_eq!(store.close("fd1"), Ok(()));
        assert_eq!(store.name_oldest(&"x".repeat(NAME_LIMIT)), Ok(()));
        let too_long = store.name_oldest(&"x".repeat(NAME_LIMIT + 1));
        assert_eq!(too_long, Err(messages::fd_name_too_long(NAME_LIMIT)));
    }
}
