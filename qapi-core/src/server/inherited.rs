//! Sockets that the process inherited, by the numbers of their file descriptors.
//!
//! Linux only: `/proc` shows which descriptors the process inherited.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, PoisonError};

use rustix::fs::OFlags;
use rustix::io::FdFlags;

use super::error::ServeError;

/// Inherited descriptors that have an owner. The set is global, as inherited descriptors belong to
/// the process.
static OWNED: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

/// The first descriptor after standard input, output and error.
const FIRST: RawFd = 3;

/// The state of an inherited socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InheritedSocket {
    /// The socket listens, and any number of clients connect to it.
    Listening,
    /// The socket is connected to one client.
    Connected,
}

/// Takes ownership of the sockets on which the service manager listens for this process
/// (`LISTEN_FDS`).
///
/// # Errors
/// The service manager's variables are malformed, or a descriptor is not a socket or has an owner.
#[cfg(feature = "systemd")]
pub(super) fn activated() -> Result<Vec<OwnedFd>, ServeError> {
    sd_notify::listen_fds()?.map(own).collect()
}

/// Takes ownership of the inherited socket `fd`.
///
/// # Errors
/// `fd` is not an open socket, the program itself opened it, or an earlier call took it.
pub(super) fn take(fd: RawFd) -> Result<OwnedFd, ServeError> {
    if is_owned(fd) || is_inherited(fd) { own(fd) } else { Err(ServeError::NotASocket(fd)) }
}

fn own(fd: RawFd) -> Result<OwnedFd, ServeError> {
    if fd < FIRST || !is_socket(fd) {
        return Err(ServeError::NotASocket(fd));
    }
    if !OWNED.lock().unwrap_or_else(PoisonError::into_inner).insert(fd) {
        return Err(ServeError::SocketInUse(fd));
    }
    // SAFETY: the descriptor is open, as `is_socket` found a socket. Nothing else in this program
    // owns it. The process inherited it, as either the service manager's variables or the absence
    // of the close-on-exec flag shows; Rust's standard library sets this flag on every descriptor
    // that it opens. `OWNED` admits one owner.
    let owned = unsafe { OwnedFd::from_raw_fd(fd) };
    rustix::io::fcntl_setfd(&owned, FdFlags::CLOEXEC).map_err(io::Error::from)?;
    Ok(owned)
}

fn is_owned(fd: RawFd) -> bool {
    OWNED.lock().unwrap_or_else(PoisonError::into_inner).contains(&fd)
}

fn is_socket(fd: RawFd) -> bool {
    std::fs::read_link(format!("/proc/self/fd/{fd}"))
        .is_ok_and(|target| target.as_os_str().as_bytes().starts_with(b"socket:"))
}

/// Whether the descriptor lacks the close-on-exec flag. Descriptors that are passed to a program
/// lack it, and Rust's standard library sets it on every descriptor that it opens.
fn is_inherited(fd: RawFd) -> bool {
    let Ok(info) = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")) else {
        return false;
    };
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    flags
        .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & OFlags::CLOEXEC.bits() == 0)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::{AsRawFd, IntoRawFd};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_socket_that_the_program_opened_is_not_taken() {
        let (own, _peer) = UnixStream::pair().expect("a pair");
        let number = own.as_raw_fd();
        let error = take(number).expect_err("the program opened it").to_string();
        assert_eq!(error, format!("File descriptor '{number}' is not a socket"));
    }

    #[test]
    fn an_inherited_socket_is_taken_once() {
        let (inherited, mut peer) = UnixStream::pair().expect("a pair");
        rustix::io::fcntl_setfd(&inherited, FdFlags::empty()).expect("no close-on-exec flag");
        let number = inherited.into_raw_fd();
        let taken = take(number).expect("inherited");
        assert_eq!(rustix::io::fcntl_getfd(&taken), Ok(FdFlags::CLOEXEC));
        let again = take(number).expect_err("taken").to_string();
        assert_eq!(again, format!("File descriptor '{number}' is already in use"));
        drop(taken);
        let end = peer.read(&mut [0]).expect("closed with its owner");
        assert_eq!(end, 0);
    }

    #[test]
    fn a_descriptor_that_is_not_a_socket_is_not_taken() {
        for fd in [-1, 0, 1, 2, 1 << 20] {
            assert!(take(fd).is_err(), "{fd}");
        }
    }
}
