//! QEMU's image locks: which processes may do what with one image file at the same time.
//!
//! Each permission has two bytes far into the file: one is locked by whoever takes the
//! permission, the other by whoever does not share it. All locks are shared locks, so that any
//! number of processes can hold one byte; a conflict is found by asking whether the *opposite*
//! byte could be locked exclusively. The locks are those of open file descriptions (`F_OFD_*`),
//! which do not vanish when some other descriptor of the file is closed.

use super::permissions::{Access, Permissions};
use crate::error::Error;
use crate::options::OnOffAuto;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::fs::File;
use std::io;

/// The first of the bytes that say which permissions are taken.
const TAKEN_BASE: i64 = 100;
/// The first of the bytes that say which permissions are not shared.
const UNSHARED_BASE: i64 = 200;

/// The lock bytes that one open file holds.
#[derive(Debug)]
pub struct ByteLocks {
    /// The open file description that the locks belong to.
    file: File,
    enabled: bool,
    held: Access,
}

impl ByteLocks {
    /// Holds nothing yet. With [`OnOffAuto::Auto`], finds out whether `file` can be locked at all.
    ///
    /// # Errors
    /// With [`OnOffAuto::On`], when the file system has no such locks.
    pub fn new(file: File, locking: OnOffAuto) -> io::Result<Self> {
        let enabled = match locking {
            OnOffAuto::Off => false,
            OnOffAuto::Auto => is_lockable(&file, TAKEN_BASE).is_ok(),
            OnOffAuto::On => is_lockable(&file, TAKEN_BASE).map(|_free| true)?,
        };
        Ok(ByteLocks { file, enabled, held: Access::NONE })
    }

    /// Goes from the access held so far to `wanted`. Gives the former.
    ///
    /// New bytes are locked before conflicts are looked for, so that of two processes that try
    /// at the same time at most one wins.
    ///
    /// # Errors
    /// [`Error::ImageLocked`] for a conflict with another open file; the locks are then as before.
    pub fn change(&mut self, wanted: Access) -> Result<Access, Error> {
        let (before, file) = (self.held, &self.file);
        if !self.enabled || wanted == self.held {
            self.held = wanted;
            return Ok(before);
        }
        let only_less =
            self.held.takes.contains(wanted.takes) && wanted.shares.contains(self.held.shares);
        if !only_less {
            let checked =
                lock_missing(file, self.held, wanted).and_then(|()| check(file, wanted));
            if let Err(error) = checked {
                unlock_excess(file, wanted, self.held);
                return Err(error);
            }
        }
        unlock_excess(file, self.held, wanted);
        self.held = wanted;
        Ok(before)
    }

    /// Has another opening of the file hold the locks from now on. Nobody can have taken anything
    /// against them meanwhile.
    ///
    /// # Errors
    /// A byte cannot be locked; all stays then as it was.
    pub fn transfer(&mut self, file: File) -> Result<(), Error> {
        if self.enabled {
            lock_missing(&file, Access::NONE, self.held)?;
            unlock_excess(&self.file, self.held, Access::NONE);
        }
        self.file = file;
        Ok(())
    }
}

/// The lock bytes of an access.
fn bytes(access: Access) -> impl Iterator<Item = i64> {
    let taken = access.takes.iter().map(|one| TAKEN_BASE + bit_number(one));
    let unshared = (!access.shares).iter().map(|one| UNSHARED_BASE + bit_number(one));
    taken.chain(unshared)
}

fn bit_number(permission: Permissions) -> i64 {
    i64::from(permission.bits().trailing_zeros())
}

/// Locks the bytes that `wanted` needs and `held` does not have.
fn lock_missing(file: &File, held: Access, wanted: Access) -> Result<(), Error> {
    for byte in bytes(wanted).filter(|byte| !bytes(held).any(|have| have == *byte)) {
        set(file, libc::F_RDLCK, byte).map_err(|source| Error::While {
            what: format!("Failed to lock byte {byte}"),
            source,
        })?;
    }
    Ok(())
}

/// Unlocks the bytes that `had` has and `keep` does not need.
///
/// Unlocking fails only where locks are broken altogether; nothing could be done about it.
fn unlock_excess(file: &File, had: Access, keep: Access) {
    for byte in bytes(had).filter(|byte| !bytes(keep).any(|needed| needed == *byte)) {
        if let Err(error) = set(file, libc::F_UNLCK, byte) {
            tracing::warn!(%error, byte, "cannot unlock a byte of an image file");
        }
    }
}

/// Looks whether anybody else minds what `wanted` takes, or takes what it does not share.
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

/// Whether no other open file holds any lock on the byte.
fn is_lockable(file: &File, byte: i64) -> io::Result<bool> {
    let mut lock = one_byte(libc::F_WRLCK, byte);
    retry(|| fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock)))?;
    Ok(i32::from(lock.l_type) == libc::F_UNLCK)
}

fn set(file: &File, kind: libc::c_int, byte: i64) -> io::Result<()> {
    let lock = one_byte(kind, byte);
    retry(|| fcntl(file, FcntlArg::F_OFD_SETLK(&lock))).map(|_zero| ())
}

fn retry(mut call: impl FnMut() -> nix::Result<libc::c_int>) -> io::Result<libc::c_int> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

/// A description of one byte; the kinds and `SEEK_SET` are small constants of the C library.
fn one_byte(kind: libc::c_int, byte: i64) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    }
}
