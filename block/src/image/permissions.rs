//! QEMU's block permissions.

use bitflags::bitflags;

use crate::options::blkdebug::BlockPermission;

/// Whether an image may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMode {
    /// The image may be read only.
    ReadOnly,
    /// The image may be read and written.
    ReadWrite,
}

impl AccessMode {
    pub(crate) fn from_writable(writable: bool) -> Self {
        if writable { AccessMode::ReadWrite } else { AccessMode::ReadOnly }
    }
}

bitflags! {
    /// A set of QEMU's block permissions.
    ///
    /// The bit numbers are part of the locking protocol between processes: see
    /// [`ByteLocks`](super::locks::ByteLocks).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Permissions: u8 {
        /// To read contents that a guest would see, and no intermediate state.
        const CONSISTENT_READ = 1 << 0;
        /// To change the contents.
        const WRITE = 1 << 1;
        /// To write without changing the contents, as copy-on-read does.
        const WRITE_UNCHANGED = 1 << 2;
        /// To change the size.
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

/// The permissions that a user of a node takes and shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The permissions that the user takes.
    pub takes: Permissions,
    /// The permissions that other users may take at the same time.
    pub shares: Permissions,
}

impl Access {
    /// The permissions without any user: none taken, all shared.
    pub const NONE: Access = Access { takes: Permissions::empty(), shares: Permissions::all() };

    /// The same permissions with all of them shared.
    #[must_use]
    pub fn sharing_all(self) -> Access {
        Access { shares: Permissions::all(), ..self }
    }

    /// The permissions of two users together: those that either takes, and those that both share.
    pub fn and(self, other: Access) -> Access {
        Access { takes: self.takes | other.takes, shares: self.shares & other.shares }
    }
}
