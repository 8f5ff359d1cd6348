//! The file descriptors that a client has sent to its session.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::messages;

/// The number of descriptors without a name that a session accepts: as many as QEMU accepts with
/// one message. Further descriptors are closed.
pub const UNCLAIMED_LIMIT: usize = 16;

/// The number of named descriptors that a session may have. The limit ensures that all clients
/// together leave enough of the descriptors of the process, by default 1024.
pub const NAMED_LIMIT: usize = 64;

/// The longest name of a descriptor, in bytes; real clients use far shorter ones.
pub const NAME_LIMIT: usize = 255;

/// The file descriptors that a session has received. They are closed when the session ends.
#[derive(Debug, Default)]
pub struct SessionFds(Mutex<Received>);

#[derive(Debug, Default)]
struct Received {
    /// The descriptors without a name, oldest first.
    unclaimed: VecDeque<OwnedFd>,
    named: BTreeMap<String, OwnedFd>,
}

impl SessionFds {
    /// Adds descriptors that came with a message.
    pub(crate) fn receive(&self, fds: Vec<OwnedFd>) {
        let mut received = self.lock();
        for fd in fds {
            if received.unclaimed.len() == UNCLAIMED_LIMIT {
                tracing::warn!("file descriptors beyond {UNCLAIMED_LIMIT} were closed");
                return;
            }
            received.unclaimed.push_back(fd);
        }
    }

    /// Closes the descriptors without a name.
    pub(crate) fn close_unclaimed(&self) {
        self.lock().unclaimed.clear();
    }

    /// Gives the oldest descriptor without a name this name. A descriptor that had the name is
    /// closed.
    ///
    /// # Errors
    /// No descriptor was received; the name begins with a digit or is longer than [`NAME_LIMIT`];
    /// or the session has [`NAMED_LIMIT`] named descriptors. The descriptor is closed.
    pub fn name_oldest(&self, name: &str) -> Result<()> {
        let mut received = self.lock();
        let fd = received.unclaimed.pop_front().ok_or_else(messages::fd_not_supplied)?;
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(messages::fd_name_is_number());
        }
        if name.len() > NAME_LIMIT {
            return Err(messages::fd_name_too_long(NAME_LIMIT));
        }
        if received.named.len() >= NAMED_LIMIT && !received.named.contains_key(name) {
            return Err(messages::too_many_fds(NAMED_LIMIT));
        }
        received.named.insert(name.to_owned(), fd);
        Ok(())
    }

    /// Closes the descriptor of this name.
    ///
    /// # Errors
    /// There is no such descriptor.
    pub fn close(&self, name: &str) -> Result<()> {
        self.lock()
            .named
            .remove(name)
            .map(drop)
            .ok_or_else(|| messages::fd_to_close_unknown(name))
    }

    /// Removes the descriptor of this name from the session and returns it.
    ///
    /// # Errors
    /// There is no such descriptor.
    pub fn take(&self, name: &str) -> Result<OwnedFd> {
        self.lock().named.remove(name).ok_or_else(|| messages::fd_unknown(name))
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        // No code panics in the middle of a change under the lock, so that poison is ignored.
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
    fn descriptors_beyond_the_limit_are_closed() {
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
