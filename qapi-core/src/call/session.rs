//! The session of a caller, as the functions behind commands see it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::call::fds::SessionFds;
use crate::error::Result;
use crate::messages;

/// The user, group and process at the other end of a unix socket, when it connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PeerCredentials {
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
    /// The process, where the system reports it.
    pub pid: Option<i32>,
}

impl PeerCredentials {
    /// The credentials of a process whose number is not known.
    #[must_use]
    pub const fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid, pid: None }
    }
}

/// The session of a caller: its peer, its negotiated capabilities and its file descriptors.
///
/// A function gets it by a parameter `#[qapi(session)] session: &SessionContext`.
#[derive(Debug)]
pub struct SessionContext {
    id: u64,
    peer: Option<PeerCredentials>,
    negotiated: AtomicBool,
    oob: AtomicBool,
    fds: SessionFds,
}

impl SessionContext {
    pub(crate) fn new(id: u64, peer: Option<PeerCredentials>) -> Self {
        let (negotiated, oob) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { id, peer, negotiated, oob, fds: SessionFds::default() }
    }

    /// A number that no other session of this server has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The credentials of the client, where the transport reports them: a unix socket does.
    pub fn peer(&self) -> Option<PeerCredentials> {
        self.peer
    }

    /// The file descriptors that the client has sent.
    pub fn fds(&self) -> &SessionFds {
        &self.fds
    }

    /// Whether capabilities have been negotiated.
    pub fn is_negotiated(&self) -> bool {
        self.negotiated.load(Ordering::Relaxed)
    }

    /// Whether commands may be executed out of band.
    pub fn is_oob(&self) -> bool {
        self.oob.load(Ordering::Relaxed)
    }

    /// Ends the negotiation of capabilities.
    ///
    /// # Errors
    /// The negotiation ended before.
    pub fn negotiate(&self) -> Result<()> {
        if self.negotiated.swap(true, Ordering::Relaxed) {
            return Err(messages::already_negotiated());
        }
        Ok(())
    }

    /// Enables out-of-band execution.
    pub(crate) fn enable_oob(&self) {
        self.oob.store(true, Ordering::Relaxed);
    }
}
