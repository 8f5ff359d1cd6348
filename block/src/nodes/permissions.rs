//! The permissions that the users of nodes take and share: QEMU's permission system.
//!
//! The permissions that a node takes on its children follow from those that its own users take on
//! the node. So a file without writers is not locked for writing. The rules are those of QEMU's
//! drivers.

use std::collections::HashMap;

use super::driver::Driver;
use super::entry::{Entry, Role, Use, User};
use crate::error::{Error, Result};
use crate::image::permissions::{Access, Permissions};

/// The permissions that all users of each node take and share, by node name.
///
/// # Errors
/// [`Error::PermissionConflict`] if a user takes a permission that another one does not share;
/// [`Error::NodeReadOnly`] or [`Error::NodeWritten`] if one takes the permission to write to a
/// read-only node.
pub(super) fn accesses(entries: &[Entry]) -> Result<HashMap<String, Access>> {
    let by_name: HashMap<&str, &Entry> =
        entries.iter().map(|entry| (entry.node.name(), entry)).collect();
    let mut known = HashMap::new();
    for entry in entries {
        access_of(entry, &by_name, &mut known)?;
    }
    Ok(known)
}

/// The permissions of all users of a node together. The permissions of nodes above are computed
/// first, and cached in `known`.
fn access_of(
    entry: &Entry,
    by_name: &HashMap<&str, &Entry>,
    known: &mut HashMap<String, Access>,
) -> Result<Access> {
    if let Some(access) = known.get(entry.node.name()) {
        return Ok(*access);
    }
    let mut parts = Vec::with_capacity(entry.uses.len());
    for used in entry.uses.iter().rev() {
        let access = match &used.user {
            User::External { access, .. } => *access,
            User::Node { name, driver, writable, force_share, merges } => {
                let parent = by_name.get(name.as_str());
                let above = match parent {
                    Some(parent) => access_of(parent, by_name, known)?,
                    // The parent is being opened and has no users yet.
                    None => Access::NONE,
                };
                // The mode and `force-share` of an open parent may have changed since it was
                // attached.
                let writable = parent.map_or(*writable, |one| !one.node.is_read_only());
                let force_share = parent.map_or(*force_share, |one| one.node.force_share());
                let access = if driver.is_filter() {
                    let has_users = parent.is_some_and(|parent| !parent.uses.is_empty());
                    filter_access(*driver, *merges, has_users, above)
                } else {
                    child_access(*driver, writable, used.role, above)
                };
                if force_share { access.sharing_all() } else { access }
            }
        };
        parts.push((used, access));
    }
    find_conflict(entry.node.name(), &parts)?;
    let sum = parts.iter().fold(Access::NONE, |sum, (_, access)| sum.and(*access));
    let writes = Permissions::WRITE | Permissions::WRITE_UNCHANGED;
    if sum.takes.intersects(writes) && entry.node.is_read_only() {
        return Err(if entry.node.settings.read().was_writable {
            Error::NodeWritten(entry.node.name().to_owned())
        } else {
            Error::NodeReadOnly
        });
    }
    known.insert(entry.node.name().to_owned(), sum);
    Ok(sum)
}

fn find_conflict(node: &str, parts: &[(&Use, Access)]) -> Result<()> {
    for (unsharing, theirs) in parts {
        for (requiring, wanted) in parts {
            let mut conflicting = wanted.takes - theirs.shares;
            if unsharing.user.sees_writes_of(&requiring.user) {
                conflicting -= Permissions::WRITE;
            }
            if !std::ptr::eq(*unsharing, *requiring) && !conflicting.is_empty() {
                return Err(Error::PermissionConflict {
                    node: node.to_owned(),
                    permissions: conflicting.names(),
                    required_by: requiring.description(node),
                    unshared_by: unsharing.description(node),
                });
            }
        }
    }
    Ok(())
}

/// The permissions of a node on a child, given the permissions of the users of the node.
fn child_access(driver: Driver, writable: bool, role: Role, above: Access) -> Access {
    match (role, driver) {
        (Role::File, Driver::Qcow2) => format_access(writable, above),
        (Role::File, _any) => above,
        (Role::Image(own), _any) => above.and(own),
        (Role::DataFile, _any) => data_access(above),
        (Role::Backing, _any) => backing_access(above),
        // Users from outside the graph specify their permissions.
        (Role::External(_), _any) => above,
    }
}

/// The permissions of a filter on its child, given the permissions of the users of the filter.
fn filter_access(driver: Driver, merges: bool, has_users: bool, above: Access) -> Access {
    let Access { mut takes, mut shares } = above;
    shares |= Permissions::WRITE_UNCHANGED;
    match driver {
        Driver::CommitTop => return Access::NONE,
        Driver::MirrorTop if merges => {
            takes -= Permissions::CONSISTENT_READ;
            shares |= Permissions::WRITE;
        }
        Driver::CopyOnRead => takes |= Permissions::WRITE_UNCHANGED,
        Driver::CopyBeforeWrite if has_users => {
            // Data are read before they are overwritten.
            if takes.contains(Permissions::WRITE) {
                takes |= Permissions::CONSISTENT_READ;
            }
            shares -= Permissions::WRITE | Permissions::RESIZE;
        }
        Driver::MirrorTop
        | Driver::CopyBeforeWrite
        | Driver::Blkdebug
        | Driver::File
        | Driver::HostCdrom
        | Driver::HostDevice
        | Driver::Raw
        | Driver::Qcow2
        | Driver::NullCo => {}
    }
    Access { takes, shares }
}

/// A format stores tables in its file, so it alone writes and resizes the file at any time.
fn format_access(writable: bool, above: Access) -> Access {
    let alone = Permissions::WRITE | Permissions::RESIZE;
    let own = if writable { alone } else { Permissions::empty() };
    let grows = if above.takes.contains(Permissions::WRITE) {
        Permissions::RESIZE
    } else {
        Permissions::empty()
    };
    Access {
        takes: above.takes | own | grows | Permissions::CONSISTENT_READ,
        shares: above.shares - alone,
    }
}

/// An external data file grows by writes to the image only.
fn data_access(above: Access) -> Access {
    let mut takes = above.takes | Permissions::CONSISTENT_READ;
    takes.set(Permissions::RESIZE, above.takes.contains(Permissions::WRITE));
    Access { takes, shares: above.shares - Permissions::RESIZE }
}

/// A backing file is only read. It may change if the users of the node above share the permission
/// to write.
fn backing_access(above: Access) -> Access {
    let mut shares = Permissions::CONSISTENT_READ | Permissions::WRITE_UNCHANGED;
    if above.shares.contains(Permissions::WRITE) {
        shares |= Permissions::WRITE | Permissions::RESIZE;
    }
    Access { takes: above.takes & Permissions::CONSISTENT_READ, shares }
}
