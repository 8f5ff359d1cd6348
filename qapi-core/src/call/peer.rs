//! The other end of a session, as the transport identifies it.

/// The client at the other end of a connection, as the transport identifies it.
///
/// ```
/// use qapi_core::session::{Peer, PeerCredentials};
///
/// let user = Peer::from(PeerCredentials::new(1000, 100));
/// assert_eq!((user.uid(), user.cid()), (Some(1000), None));
/// assert_eq!(Peer::vsock(3).cid(), Some(3));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// A process of the same machine, at the other end of a unix socket.
    Process(PeerCredentials),
    /// A virtual machine, or its host, at the other end of a vsock connection. The hypervisor
    /// vouches for the number. It identifies no user: every process of the machine has it.
    #[non_exhaustive]
    Vsock {
        /// The context identifier (CID) of the machine. The host is 2, and this machine itself 1.
        cid: u32,
    },
}

impl Peer {
    /// A machine with this context identifier.
    #[must_use]
    pub fn vsock(cid: u32) -> Self {
        Self::Vsock { cid }
    }

    /// The credentials of a process; `None` for a machine.
    pub fn credentials(&self) -> Option<&PeerCredentials> {
        match self {
            Self::Process(credentials) => Some(credentials),
            Self::Vsock { .. } => None,
        }
    }

    /// The effective user of a process; `None` for a machine.
    pub fn uid(&self) -> Option<u32> {
        self.credentials().map(|credentials| credentials.uid)
    }

    /// The context identifier of a machine; `None` for a process.
    pub fn cid(&self) -> Option<u32> {
        match self {
            Self::Process(_) => None,
            Self::Vsock { cid } => Some(*cid),
        }
    }
}

impl From<PeerCredentials> for Peer {
    fn from(credentials: PeerCredentials) -> Self {
        Self::Process(credentials)
    }
}

/// The user, group and process at the other end of a unix socket, when it connected.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PeerCredentials {
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
    /// The process, where the system reports it.
    pub pid: Option<i32>,
    /// The supplementary groups, which Linux reports; empty on other systems.
    pub groups: Box<[u32]>,
}

impl PeerCredentials {
    /// The credentials of a process whose number is not known.
    #[must_use]
    pub fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid, pid: None, groups: Box::default() }
    }

    /// Sets the supplementary groups.
    #[must_use]
    pub fn groups(mut self, groups: impl Into<Box<[u32]>>) -> Self {
        self.groups = groups.into();
        self
    }

    /// Whether `gid` is the effective group or a supplementary group.
    pub fn is_member(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }
}
