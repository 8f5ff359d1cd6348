//! The supplementary groups of the process at the other end of a unix socket.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{gid_t, socklen_t};

/// The number of groups for which there is room at first; more than most users have.
const USUAL_GROUPS: usize = 16;

/// The most groups of a process on Linux (`NGROUPS_MAX`).
const MAX_GROUPS: usize = 65_536;

/// Returns the supplementary groups that the peer had when it connected.
///
/// Linux 4.13 and later report them. With an earlier kernel the list is empty.
///
/// # Errors
/// `socket` is not a connected unix socket.
pub(super) fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Box<[u32]>> {
    let mut groups: Vec<gid_t> = vec![0; USUAL_GROUPS];
    loop {
        let mut size = size_of_val(groups.as_slice()) as socklen_t;
        // SAFETY: `groups` has `size` initialized bytes to which the kernel may write, and any
        // bytes are valid numbers of groups. `size` lives until the call returns, and the borrow
        // of `socket` keeps the descriptor open.
        let result = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut size,
            )
        };
        let count = size as usize / size_of::<gid_t>();
        if result == 0 {
            groups.truncate(count);
            return Ok(groups.into());
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            // The kernel has set the size that it needs.
            Some(libc::ERANGE) if groups.len() < count && count <= MAX_GROUPS => {
                groups.resize(count, 0);
            }
            Some(libc::ENOPROTOOPT | libc::ENODATA) => return Ok(Box::default()),
            _ => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_peer_in_this_process_has_its_groups() {
        let (socket, _other) = UnixStream::pair().expect("sockets are available");
        let mut found = peer_groups(socket.as_fd()).expect("the socket is connected").into_vec();
        // SAFETY: with a size of 0 the call writes nothing.
        let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
        let mut expected = vec![0; usize::try_from(count).expect("the call succeeds")];
        // SAFETY: `expected` has room for `count` groups.
        assert_eq!(unsafe { libc::getgroups(count, expected.as_mut_ptr()) }, count);
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn other_files_have_no_groups() {
        let file = std::fs::File::open("/dev/null").expect("it exists");
        assert!(peer_groups(file.as_fd()).is_err());
    }
}
