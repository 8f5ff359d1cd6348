//! Who may do something, by user and group.

use crate::call::session::PeerCredentials;

// SAFETY: POSIX declares this function, and Rust's standard library links the C library that has
// it on every unix. It has no precondition and cannot fail, and `uid_t` has 32 bits everywhere.
unsafe extern "C" {
    /// The effective user of this process.
    safe fn geteuid() -> u32;
}

/// Who may do something: lists of users and groups that are allowed, and that are not.
///
/// Who is on a list of the denied is refused, whatever else is said. Otherwise whoever has their
/// user or group among the allowed may; where nobody was allowed by name, everybody may.
///
/// The group of a caller is the effective one of the process that connected. A caller of whom the
/// transport tells nothing, as on TCP, is on no list: any list refuses them, unless
/// [`allow_unidentified`](Self::allow_unidentified) says otherwise.
///
/// ```
/// use qapi_core::policy::Access;
/// use qapi_core::session::PeerCredentials;
///
/// let access = Access::anyone().deny_uid(1001);
/// let caller = |uid| Some(PeerCredentials { uid, gid: 100, pid: None });
/// assert!(access.permits(caller(1000)));
/// assert!(!access.permits(caller(1001)));
/// assert!(!access.permits(None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Those allowed by name; `None` where everybody is who is not denied.
    allowed: Option<Ids>,
    denied: Ids,
    unidentified: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Ids {
    uids: Vec<u32>,
    gids: Vec<u32>,
}

impl Ids {
    fn contain(&self, peer: PeerCredentials) -> bool {
        self.uids.contains(&peer.uid) || self.gids.contains(&peer.gid)
    }
}

impl Access {
    /// Everybody, unidentified callers too.
    pub fn anyone() -> Self {
        Self { allowed: None, denied: Ids::default(), unidentified: true }
    }

    /// No caller, until some are allowed.
    pub fn none() -> Self {
        Self { allowed: Some(Ids::default()), denied: Ids::default(), unidentified: false }
    }

    /// The user that this process runs as, and root.
    pub fn owner_and_root() -> Self {
        Self::none().allow_uid(0).allow_uid(geteuid())
    }

    /// Allows a user, and from then on only those that are allowed by name.
    #[must_use]
    pub fn allow_uid(mut self, uid: u32) -> Self {
        self.allowed().uids.push(uid);
        self
    }

    /// Allows a group, and from then on only those that are allowed by name.
    #[must_use]
    pub fn allow_gid(mut self, gid: u32) -> Self {
        self.allowed().gids.push(gid);
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

    /// Allows callers of whom the transport tells nothing. To be said after the lists.
    #[must_use]
    pub fn allow_unidentified(mut self) -> Self {
        self.unidentified = true;
        self
    }

    /// Whether the lists let `peer` through.
    pub fn permits(&self, peer: Option<PeerCredentials>) -> bool {
        let Some(peer) = peer else { return self.unidentified };
        !self.denied.contain(peer)
            && self.allowed.as_ref().is_none_or(|allowed| allowed.contain(peer))
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
