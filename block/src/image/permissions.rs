//! What a user of a node or of an image file may do, and what it lets others do.

use crate::options::blkdebug::BlockPermission;
use bitflags::bitflags;

bitflags! {
    /// QEMU's block permissions.
    ///
    /// The bit numbers are part of the locking protocol between processes: see
    /// [`ByteLocks`](super::locks::ByteLocks).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Permissions: u8 {
        /// What is read is what a guest would see, not some state half-way between two.
        const CONSISTENT_READ = 1 << 0;
        /// The contents may change.
        const WRITE = 1 << 1;
        /// Writes happen, but leave the contents as they are (copy on read, say).
        const WRITE_UNCHANGED = 1 << 2;
        /// The size may change.
        const RESIZE = 1 << 3;
    }
}

impl Permissions {
    /// The name of a single permission, in messages.
    pub fn name(self) -> &'static str {
        match self {
            Permissions::CONSISTENT_READ => "consistent read",
            Permissions::WRITE => "write",
            Permissions::WRITE_UNCHANGED => "write unchanged",
            Permissions::RESIZE => "resize",
            _several => "",
        }
    }

    /// The names of all permissions in the set, in messages.
    pub fn names(self) -> String {
        self.iter().map(Permissions::name).collect::<Vec<_>>().join(", ")
    }
}

impl From<BlockPermission> for Permissions {
    fn from(permission: BlockPermission) -> Self {
        match permission {
            BlockPermission::ConsistentRead => Permissions::CONSISTENT_READ,
            BlockPermission::Write => Permissions::WRITE,
            BlockPermission::WriteUnchanged => Permissions::WRITE_UNCHANGED,
            BlockPermission::Resize => Permissions::RESIZE,
        }
    }
}

/// What one user takes of a node and what it leaves to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// What the user does.
    pub takes: Permissions,
    /// What the user can live with when others do it at the same time.
    pub shares: Permissions,
}

impl Access {
    /// Nobody is there: nothing taken, everything shared.
    pub const NONE: Access = Access { takes: Permissions::empty(), shares: Permissions::all() };

    /// The same by a user that minds nothing that others do.
    #[must_use]
    pub fn sharing_all(self) -> Access {
        Access { shares: Permissions::all(), ..self }
    }

    /// The sum of two users: all that either takes, only what both share.
    pub fn and(self, other: Access) -> Access {
        Access { takes: self.takes | other.takes, shares: self.shares & other.shares }
    }
}
