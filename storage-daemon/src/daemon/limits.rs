//! The limits of the process that the system sets.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit of open files to the hard limit. Every image takes one descriptor, and so does
/// every client.
///
/// The usual limit of 1,024 is that of `select`, which cannot handle larger descriptors. The
/// daemon uses `epoll`, and starts no other program that could inherit the limit.
///
/// Without effect if the system refuses: the daemon then works with the present limit.
pub(super) fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` means no limit.
    if current == maximum || current.is_none() {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}
