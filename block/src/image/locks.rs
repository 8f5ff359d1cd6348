//! QEMU's image locks: the permissions of processes on one image file.
//!
//! Each permission has two bytes of the file: users that take the permission lock one, and users
//! that do not share it lock the other. All locks are shared, so that any number of processes can
//! lock a byte. A process finds a conflict by testing whether the *opposite* byte could be locked
//! exclusively. The locks belong to open file descriptions (`F_OFD_*`), so they remain when another
//! descriptor of the file is closed.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use super::permissions::{Access, Permissions};
use crate::error::Error;
use crate::options::OnOffAuto;

/// The first of the bytes for permissions that are taken.
const TAKEN_BASE: i64 = 100;
/// The first of the bytes for permissions that are not shared.
const UNSHARED_BASE: i64 = 200;

/// The locks of one open file.
#[derive(Debug)]
pub struct ByteLocks {
    /// The open file description that the locks belong to. It is shared with the requests to the
    /// file, so that an image takes one descriptor.
    file: Arc<File>,
    enabled: bool,
    current: Access,
}

impl ByteLocks {
    /// Creates the object without any lock. With [`OnOffAuto::Auto`], tests whether `file` can be
    /// locked.
    ///
    /// # Errors
    /// With [`OnOffAuto::On`], if the file system does not support the locks.
    pub fn new(file: Arc<File>, locking: OnOffAuto) -> io::Result<Self> {
        let enabled = match locking {
            OnOffAuto::Off => false,
            OnOffAuto::Auto => is_lockable(&file, TAKEN_BASE).is_ok(),
            OnOffAuto::On => is_lockable(&file, TAKEN_BASE).map(|_free| true)?,
        };
        Ok(ByteLocks { file, enabled, current: Access::NONE })
    }

    /// Changes the locks to those for `wanted`. Returns the former permissions.
    ///
    /// New bytes are locked before the check for conflicts, so that at most one of two processes
    /// that try at the same time succeeds.
    ///
    /// # Errors
    /// [`Error::ImageLocked`] for a conflict with another open file. The locks are then unchanged.
    pub fn change(&mut self, wanted: Access) -> Result<Access, Error> {
        let (before, file) = (self.current, &self.file);
        if !self.enabled || wanted == self.current {
            self.current = wanted;
            return Ok(before);
        }
        let is_reduction = self.current.takes.contains(wanted.takes)
            && wanted.shares.contains(self.current.shares);
        if !is_reduction {
            let checked =
                lock_missing(file, self.current, wanted).and_then(|()| check(file, wanted));
            if let Err(error) = checked {
                unlock_excess(file, wanted, self.current);
                return Err(error);
            }
        }
        unlock_excess(file, self.current, wanted);
        self.current = wanted;
        Ok(before)
    }

    /// Transfers the locks to another open file description of the file, without releasing them in
    /// between.
    ///
    /// # Errors
    /// A byte cannot be locked. The locks are then unchanged.
    pub fn transfer(&mut self, file: Arc<File>) -> Result<(), Error> {
        if self.enabled {
            lock_missing(&file, Access::NONE, self.current)?;
            unlock_excess(&self.file, self.current, Access::NONE);
        }
        self.file = file;
        Ok(())
    }
}

/// The bytes to be locked for permissions.
fn bytes(access: Access) -> impl Iterator<Item = i64> {
    let taken = access.takes.iter().map(|one| TAKEN_BASE + bit_number(one));
    let unshared = (!access.shares).iter().map(|one| UNSHARED_BASE + bit_number(one));
    taken.chain(unshared)
}

fn bit_number(permission: Permissions) -> i64 {
    i64::from(permission.bits().trailing_zeros())
}

/// Locks the bytes for `wanted` that are not locked for `current`.
fn lock_missing(file: &File, current: Access, wanted: Access) -> Result<(), Error> {
    for byte in bytes(wanted).filter(|byte| !bytes(current).any(|locked| locked == *byte)) {
        set(file, libc::F_RDLCK, byte).map_err(|source| Error::While {
            what: format!("Failed to lock byte {byte}"),
            source,
        })?;
    }
    Ok(())
}

/// Unlocks the bytes for `from` that are not needed for `to`.
///
/// Failures are logged only, as there is no remedy.
fn unlock_excess(file: &File, from: Access, to: Access) {
    for byte in bytes(from).filter(|byte| !bytes(to).any(|needed| needed == *byte)) {
        if let Err(error) = set(file, libc::F_UNLCK, byte) {
            tracing::warn!(%error, byte, "cannot unlock a byte of an image file");
        }
    }
}

/// Checks for a conflict of `wanted` with the locks of others.
fn check(file: &File, wanted: Access) -> Result<(), Error> {
    for permission in wanted.takes.iter() {
        if !is_lockable(file, UNSHARED_BASE + bit_number(permission))? {
            return Err(Error::ImageLocked { shared: "", permission: permission.name() });
        }
    }
    for permission in (!wanted.shares).iter() {
        if !is_lockable(file, TAKEN_BASE + bit_number(permission))? {
            return Err(Error::ImageLocked { shared: "shared ", permission: permission.name() });
        }
    }
    Ok(())
}

/// Whether no other open file has a lock on the byte.
fn is_lockable(file: &File, byte: i64) -> io::Result<bool> {
    let mut lock = byte_lock(libc::F_WRLCK, byte);
    control(file, libc::F_OFD_GETLK, &mut lock)?;
    Ok(i32::from(lock.l_type) == libc::F_UNLCK)
}

fn set(file: &File, kind: libc::c_int, byte: i64) -> io::Result<()> {
    control(file, libc::F_OFD_SETLK, &mut byte_lock(kind, byte))
}

/// Gets or sets a lock of an open file description. The crate `rustix` has only the locks of
/// processes.
fn control(file: &File, command: libc::c_int, lock: &mut libc::flock) -> io::Result<()> {
    loop {
        // SAFETY: the descriptor belongs to a file that `file` has open. Both commands take a
        // pointer to a lock, and the system writes at most that lock.
        let result = unsafe { libc::fcntl(file.as_raw_fd(), command, std::ptr::from_mut(lock)) };
        if result != -1 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// The description of a lock on one byte. The kinds and `SEEK_SET` are small constants of the C
/// library.
fn byte_lock(kind: libc::c_int, byte: i64) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    }
}
