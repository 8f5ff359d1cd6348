//! Lists of users, groups and machines that may, or may not, do something.

use crate::call::peer::Peer;

// SAFETY: POSIX declares this function, and Rust's standard library links the C library that has
// it on every unix. It has no precondition and cannot fail, and `uid_t` has 32 bits everywhere.
unsafe extern "C" {
    /// The effective user of this process.
    safe fn geteuid() -> u32;
}

/// Whether `uid` is root, or the user of this process.
#[cfg(feature = "server")]
pub(crate) fn is_owner_or_root(uid: u32) -> bool {
    uid == 0 || uid == geteuid()
}

/// Lists of users, groups and machines that are allowed, and of those that are denied.
///
/// A denied user, group or machine is refused in any case. Otherwise an allowed one is admitted.
/// Where no user, group or machine is allowed by name, every other caller is admitted.
///
/// The groups of a caller are the effective group and, on Linux, the supplementary groups of the
/// process that connected. A machine is the other end of a vsock connection; it has a context
/// identifier (CID), and no users. The transport may not identify a caller, as on TCP: any list
/// refuses such a caller, unless [`allow_unidentified`](Self::allow_unidentified) is called.
///
/// ```
/// use qapi_core::policy::Access;
/// use qapi_core::session::{Peer, PeerCredentials};
///
/// let access = Access::anyone().deny_uid(1001);
/// assert!(access.permits(Some(&PeerCredentials::new(1000, 100).into())));
/// assert!(!access.permits(Some(&PeerCredentials::new(1001, 100).into())));
/// assert!(!access.permits(None));
///
/// let guest = Access::owner_and_root().allow_cid(3);
/// assert!(guest.permits(Some(&Peer::vsock(3))));
/// assert!(!guest.permits(Some(&Peer::vsock(4))));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Those allowed by name; `None` where every caller that is not denied is
    /// allowed.
    allowed: Option<Ids>,
    denied: Ids,
    unidentified: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Ids {
    uids: Vec<u32>,
    gids: Vec<u32>,
    cids: Vec<u32>,
}

impl Ids {
    fn contain(&self, peer: &Peer) -> bool {
        match peer {
            Peer::Process(process) => {
                self.uids.contains(&process.uid)
                    || self.gids.iter().any(|gid| process.is_member(*gid))
            }
            Peer::Vsock { cid } => self.cids.contains(cid),
        }
    }
}

impl Access {
    /// Allows every caller, unidentified ones too.
    pub fn anyone() -> Self {
        Self { allowed: None, denied: Ids::default(), unidentified: true }
    }

    /// Allows no caller, until a later call allows some.
    pub fn none() -> Self {
        Self { allowed: Some(Ids::default()), denied: Ids::default(), unidentified: false }
    }

    /// Allows root and the user of this process.
    pub fn owner_and_root() -> Self {
        Self::none().allow_uid(0).allow_uid(geteuid())
    }

    /// Allows a user by name. All that are not allowed by name are then refused.
    #[must_use]
    pub fn allow_uid(mut self, uid: u32) -> Self {
        self.allowed().uids.push(uid);
        self
    }

    /// Allows a group by name. All that are not allowed by name are then refused.
    #[must_use]
    pub fn allow_gid(mut self, gid: u32) -> Self {
        self.allowed().gids.push(gid);
        self
    }

    /// Allows the machine with this context identifier, over vsock. All that are not allowed by
    /// name are then refused.
    #[must_use]
    pub fn allow_cid(mut self, cid: u32) -> Self {
        self.allowed().cids.push(cid);
        self
    }

    /// Refuses a user.
    #[must_use]
    pub fn deny_uid(mut self, uid: u32) -> Self {
        self.denied().uids.push(uid);
        self
    }

    /// Refuses a group.
    #[must_use]
    pub fn deny_gid(mut self, gid: u32) -> Self {
        self.denied().gids.push(gid);
        self
    }

    /// Refuses the machine with this context identifier.
    #[must_use]
    pub fn deny_cid(mut self, cid: u32) -> Self {
        self.denied().cids.push(cid);
        self
    }

    /// Allows callers whom the transport does not identify. Call it after the lists.
    #[must_use]
    pub fn allow_unidentified(mut self) -> Self {
        self.unidentified = true;
        self
    }

    /// Whether the lists admit `peer`.
    pub fn permits(&self, peer: Option<&Peer>) -> bool {
        let Some(peer) = peer else { return self.unidentified };
        !self.denied.contain(peer)
            && self.allowed.as_ref().is_none_or(|allowed| allowed.contain(peer))
    }

    /// The users, groups and machines that are both allowed and denied, as text.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let Some(allowed) = &self.allowed else { return Vec::new() };
        let both = |kind: &str, allowed: &[u32], denied: &[u32]| {
            let both = allowed.iter().filter(|id| denied.contains(id));
            both.map(|id| format!("{kind} {id}")).collect::<Vec<_>>()
        };
        let mut found = both("user", &allowed.uids, &self.denied.uids);
        found.extend(both("group", &allowed.gids, &self.denied.gids));
        found.extend(both("machine", &allowed.cids, &self.denied.cids));
        found.dedup();
        found
    }

    fn allowed(&mut self) -> &mut Ids {
        self.unidentified = false;
        self.allowed.get_or_insert_default()
    }

    fn denied(&mut self) -> &mut Ids {
        self.unidentified = false;
        &mut self.denied
    }
}
