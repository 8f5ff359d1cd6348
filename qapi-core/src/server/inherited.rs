//! Sockets that the process was started with: from a service manager, or by number.

use std::collections::BTreeSet;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Mutex, PoisonError};

use rustix::fs::OFlags;
use rustix::io::FdFlags;
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketType};

use super::listener::{Bound, Transport};
use super::stream::StdStream;
use super::tcp;
use super::unix::BoundSocket;
use crate::error::{Error, Result};

/// Which descriptors have been taken: each has one owner. What a process was started with is a
/// fact of the process, and so is this.
static TAKEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

/// The first number that is not standard input, output or error.
const FIRST: RawFd = 3;

/// The sockets that the service manager listens on for this process (`LISTEN_FDS`).
///
/// # Errors
/// What the service manager says is malformed, or one of them was taken before or is no socket.
pub(super) fn activated() -> Result<Vec<Transport>> {
    sd_notify::listen_fds()?.map(|fd| own(fd).and_then(listening)).collect()
}

/// Takes the socket with the number `fd`, with which the process was started.
///
/// # Errors
/// It is no open socket, one that the program opened by itself, or it was taken before.
pub(super) fn take(fd: RawFd) -> Result<OwnedFd> {
    if is_taken(fd) || is_inherited(fd) { own(fd) } else { Err(no_socket(fd)) }
}

fn own(fd: RawFd) -> Result<OwnedFd> {
    if fd < FIRST || !is_socket(fd) {
        return Err(no_socket(fd));
    }
    if !TAKEN.lock().unwrap_or_else(PoisonError::into_inner).insert(fd) {
        return Err(Error::generic(format!("File descriptor '{fd}' is already in use")));
    }
    // SAFETY: it is open, as its being a socket shows. Nothing in this program owns it: it was
    // inherited, not opened here, as its lack of the mark that all our own descriptors bear
    // shows, or as the service manager says; and `TAKEN` lets it be owned once.
    let owned = unsafe { OwnedFd::from_raw_fd(fd) };
    rustix::io::fcntl_setfd(&owned, FdFlags::CLOEXEC).map_err(io::Error::from)?;
    Ok(owned)
}

/// The transport for a socket that listens already.
///
/// # Errors
/// It does not listen, or its kind is not served.
pub(super) fn listening(fd: OwnedFd) -> Result<Transport> {
    let listens = socket_acceptconn(&fd).map_err(io::Error::from)?;
    if !listens {
        return Err(Error::generic("The socket does not listen"));
    }
    match domain(&fd)? {
        AddressFamily::UNIX => {
            let listener = UnixListener::from(fd);
            listener.set_nonblocking(true)?;
            Ok(Transport::Listening(Bound::Unix(BoundSocket::foreign(listener))))
        }
        _ => {
            let listener = TcpListener::from(fd);
            listener.set_nonblocking(true)?;
            tcp::tell_of_exposure(listener.local_addr()?);
            Ok(Transport::Listening(Bound::Tcp(listener)))
        }
    }
}

/// The transport for a socket that is connected already.
///
/// # Errors
/// Its kind is not served.
pub(super) fn connected(fd: OwnedFd) -> Result<Transport> {
    Ok(Transport::Connected(match domain(&fd)? {
        AddressFamily::UNIX => StdStream::Unix(UnixStream::from(fd)),
        _ => StdStream::Tcp(TcpStream::from(fd)),
    }))
}

/// The family of a stream socket: unix, or one of TCP's.
fn domain(fd: &OwnedFd) -> Result<AddressFamily> {
    let kind = socket_type(fd).map_err(io::Error::from)?;
    let domain = socket_domain(fd).map_err(io::Error::from)?;
    let served = [AddressFamily::UNIX, AddressFamily::INET, AddressFamily::INET6];
    if kind == SocketType::STREAM && served.contains(&domain) {
        Ok(domain)
    } else {
        Err(Error::generic("Only stream sockets of unix and TCP are served"))
    }
}

fn no_socket(fd: RawFd) -> Error {
    Error::generic(format!("File descriptor '{fd}' is not a socket"))
}

fn is_taken(fd: RawFd) -> bool {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).contains(&fd)
}

fn is_socket(fd: RawFd) -> bool {
    std::fs::read_link(format!("/proc/self/fd/{fd}"))
        .is_ok_and(|target| target.as_os_str().as_bytes().starts_with(b"socket:"))
}

/// Whether the descriptor survives the execution of a program, as those do that are to be
/// inherited, and those never do that a Rust program opens.
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

    use super::*;

    #[test]
    fn a_socket_of_ones_own_is_not_taken() {
        let (own, _peer) = UnixStream::pair().expect("a pair");
        assert_eq!(
            take(own.as_raw_fd()).expect_err("own").desc(),
            no_socket(own.as_raw_fd()).desc()
        );
    }

    #[test]
    fn an_inherited_socket_is_taken_once() {
        let (inherited, mut peer) = UnixStream::pair().expect("a pair");
        rustix::io::fcntl_setfd(&inherited, FdFlags::empty()).expect("no mark");
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
    fn what_is_no_socket_is_not_taken() {
        for fd in [-1, 0, 1, 2, 1 << 20] {
            assert!(take(fd).is_err(), "{fd}");
        }
    }
}
