//! The permissions that the users of nodes take and share: QEMU's permission system.
//!
//! The permissions that a node takes on its children follow from those that its own users take on
//! the node. So a file without writers is not locked for writing. The rules are those of QEMU's
//! drivers.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::driver::{Driver, FilterDriver};
use super::entries::Entries;
use super::entry::{Cumulative, Entry, Role, Use, User};
use crate::error::{Error, Result};
use crate::image::permissions::{Access, Permissions};
use crate::image::preallocate::Preallocate;

/// Computes the permissions again that a change affects. Returns the new state of those nodes, by
/// position.
///
/// `changed` are the nodes whose users or settings have changed. Other nodes are affected if they
/// are below a node whose state changes.
///
/// # Errors
/// [`Error::PermissionConflict`] if a user takes a permission that another one does not share;
/// [`Error::NodeReadOnly`] or [`Error::NodeWritten`] if one takes the permission to write to a
/// read-only node.
pub(super) fn recompute(
    entries: &Entries,
    changed: impl IntoIterator<Item = u64>,
) -> Result<HashMap<u64, Cumulative>> {
    let mut affected: HashSet<u64> = changed.into_iter().collect();
    let mut recomputed = HashMap::new();
    for order in parents_first(entries, &affected) {
        let Some(entry) = entries.at(order).filter(|_| affected.contains(&order)) else {
            continue;
        };
        let access = access_of(entry, entries, &recomputed)?;
        let cumulative = Cumulative::new(&entry.node, &entry.uses, access);
        if cumulative != entry.cumulative {
            affected.extend(entries.children(entry.node.name()));
        }
        recomputed.insert(order, cumulative);
    }
    Ok(recomputed)
}

/// The given nodes and all nodes below them. Each node comes after its parents, and the file of a
/// node comes before its backing file.
fn parents_first(entries: &Entries, tops: &HashSet<u64>) -> Vec<u64> {
    let children = |order| {
        let entry: Option<&Entry> = entries.at(order);
        entry.map_or(&[][..], |entry| entries.children(entry.node.name())).iter().rev()
    };
    let mut tops: Vec<u64> = tops.iter().copied().collect();
    tops.sort_unstable_by_key(|top| Reverse(*top));
    let mut seen = HashSet::new();
    let mut bottom_up = Vec::new();
    for top in tops {
        if !seen.insert(top) {
            continue;
        }
        // Without recursion, as chains are long.
        let mut path = vec![(top, children(top))];
        while let Some((node, below)) = path.last_mut() {
            match below.next() {
                Some(child) if seen.insert(*child) => path.push((*child, children(*child))),
                Some(_seen) => {}
                None => {
                    bottom_up.push(*node);
                    path.pop();
                }
            }
        }
    }
    bottom_up.reverse();
    bottom_up
}

/// The permissions of all users of a node together.
fn access_of(
    entry: &Entry,
    entries: &Entries,
    recomputed: &HashMap<u64, Cumulative>,
) -> Result<Access> {
    let mut parts = Vec::with_capacity(entry.uses.len());
    for used in entry.uses.iter().rev() {
        let access = access_of_use(entry, used, entries, recomputed);
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
    Ok(sum)
}

/// The permissions of one user of a node.
pub(super) fn access_of_use(
    entry: &Entry,
    used: &Use,
    entries: &Entries,
    recomputed: &HashMap<u64, Cumulative>,
) -> Access {
    match &used.user {
        // The permissions of these users rest until the node is active.
        User::External { .. } if !entry.node.is_active() => Access::NONE,
        User::External { access, .. } => *access,
        User::Node { name, driver, active, writable, force_share, merges } => {
            let parent = entries.get(name).map(|parent| {
                recomputed.get(&parent.order).copied().unwrap_or(parent.cumulative)
            });
            let parent = parent.unwrap_or(Cumulative {
                // The parent is being opened and has no users yet.
                access: Access::NONE,
                has_users: false,
                active: *active,
                writable: *writable,
                force_share: *force_share,
            });
            let access = if driver.is_job_filter() {
                filter_access(*driver, *merges, parent)
            } else {
                child_access(*driver, used.role, parent)
            };
            let changes = Permissions::WRITE | Permissions::RESIZE;
            let access = if parent.force_share {
                access.sharing_all()
            } else if parent.active {
                access
            } else {
                // Another program may write the image.
                Access { shares: access.shares | changes, ..access }
            };
            let preallocate = entries.get(name).and_then(|parent| parent.node.preallocate());
            if preallocate.is_some_and(Preallocate::has_allocated) {
                // The file is still to be cut to the size of its data.
                Access { shares: access.shares - changes, ..access }
            } else {
                access
            }
        }
    }
}

fn find_conflict(node: &str, parts: &[(&Use, Access)]) -> Result<()> {
    if !may_conflict(parts) {
        return Ok(());
    }
    // The newest users come first.
    for (position, (unsharing, theirs)) in parts.iter().enumerate() {
        for (older, (requiring, wanted)) in parts.iter().enumerate() {
            let mut conflicting = wanted.takes - theirs.shares;
            if older > position && unsharing.user.sees_writes_of(&requiring.user) {
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

/// Whether a user takes a permission that another user may not share. In contrast to the check of
/// all pairs, the time of this check is proportional to the number of users.
fn may_conflict(parts: &[(&Use, Access)]) -> bool {
    Permissions::all().iter().any(|permission| {
        let takes = |access: &Access| access.takes.contains(permission);
        let unshares = |access: &Access| !access.shares.contains(permission);
        let (mut taking, mut unsharing, mut both) = (0, 0, 0);
        for (_use, access) in parts {
            taking += usize::from(takes(access));
            unsharing += usize::from(unshares(access));
            both += usize::from(takes(access) && unshares(access));
        }
        // One user alone cannot conflict with itself.
        taking > 0 && unsharing > 0 && !(taking == 1 && unsharing == 1 && both == 1)
    })
}

/// The permissions of a node on a child, given the permissions of the users of the node.
fn child_access(driver: Driver, role: Role, parent: Cumulative) -> Access {
    let Cumulative { access: above, writable, .. } = parent;
    match (role, driver) {
        (Role::File, Driver::Qcow2) => format_access(writable, above),
        (Role::File, Driver::Filter(driver)) => described_filter_access(driver, parent),
        (Role::File, _any) => above,
        // The part must remain in the file.
        (Role::FilePart, _any) => Access { shares: above.shares - Permissions::RESIZE, ..above },
        (Role::Image(own), _any) => above.and(own),
        (Role::DataFile, _any) => data_access(above),
        (Role::Backing, _any) => backing_access(above),
        // Users from outside the graph specify their permissions.
        (Role::External(_), _any) => above,
    }
}

/// The permissions of a filter on its child, given the state of the filter.
fn filter_access(driver: Driver, merges: bool, filter: Cumulative) -> Access {
    let Access { mut takes, mut shares } = filter.access;
    shares |= Permissions::WRITE_UNCHANGED;
    match driver {
        Driver::CommitTop => return Access::NONE,
        Driver::MirrorTop if merges => {
            takes -= Permissions::CONSISTENT_READ;
            shares |= Permissions::WRITE;
        }
        Driver::CopyOnRead => takes |= Permissions::WRITE_UNCHANGED,
        Driver::CopyBeforeWrite if filter.has_users => {
            // Data are read before they are overwritten.
            if takes.contains(Permissions::WRITE) {
                takes |= Permissions::CONSISTENT_READ;
            }
            shares -= Permissions::WRITE | Permissions::RESIZE;
        }
        Driver::MirrorTop
        | Driver::CopyBeforeWrite
        | Driver::Filter(_)
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

/// The permissions of a filter that a client describes on its child.
fn described_filter_access(driver: FilterDriver, filter: Cumulative) -> Access {
    let Access { mut takes, mut shares } = filter.access;
    match driver {
        FilterDriver::Preallocate if takes.contains(Permissions::WRITE | Permissions::RESIZE) => {
            // The ends of the data and of the file are known to one writer only.
            shares -= Permissions::WRITE | Permissions::RESIZE;
        }
        FilterDriver::Compress | FilterDriver::Preallocate | FilterDriver::Throttle => {}
        FilterDriver::CopyOnRead => {
            shares |= Permissions::WRITE_UNCHANGED;
            takes.set(Permissions::WRITE_UNCHANGED, filter.active);
        }
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
