//! Unix sockets: made safely, removed at the end.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Gid, Mode, Uid};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::error::{Error, Result};

/// How many clients may wait to be accepted.
const BACKLOG: i32 = 128;

/// Who may open the file of a unix socket. Whoever may is still asked who they are: see
/// [`Server`](crate::Server).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketAccess {
    /// The permissions of the file, as in `chmod`: `0o600` unless said otherwise.
    pub mode: u32,
    /// The user that the file belongs to, where it is not the one that the daemon runs as.
    pub uid: Option<u32>,
    /// The group that the file belongs to, where it is not the daemon's.
    pub gid: Option<u32>,
}

impl Default for SocketAccess {
    fn default() -> Self {
        Self { mode: 0o600, uid: None, gid: None }
    }
}

/// A listening socket together with its file, which goes when this is dropped. An abstract name
/// has no file.
#[derive(Debug)]
pub(super) struct BoundSocket {
    pub(super) listener: UnixListener,
    _file: Option<SocketFile>,
}

impl BoundSocket {
    /// A socket that somebody else made, and whose file is theirs to remove.
    pub(super) fn foreign(listener: UnixListener) -> Self {
        Self { listener, _file: None }
    }
}

/// The file of a socket, by path and by identity: should somebody have put another file in its
/// place, that one stays.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // Nothing useful can be done about a failure: the daemon is going away.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Makes a socket at `path`, open to those that `access` names, and listens.
///
/// A socket that nobody listens on any more is replaced; anything else that stands at `path` is
/// left alone.
///
/// # Errors
/// The path is taken, too long, or in a place where the file cannot be made; or the file cannot
/// be given to its owner.
pub(super) fn bind(path: &Path, access: SocketAccess) -> Result<BoundSocket> {
    remove_stale(path).and_then(|()| bind_new(path, access)).map_err(|error| {
        Error::from(error).context(format!("Failed to bind socket to {}", path.display()))
    })
}

/// Listens at a name outside the file system, which everybody may connect to who shares the
/// network namespace.
///
/// # Errors
/// The name is taken or too long.
pub(super) fn bind_abstract(name: &[u8]) -> Result<BoundSocket> {
    let listen = || {
        let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)?;
        listener.set_nonblocking(true)?;
        Ok(BoundSocket { listener, _file: None })
    };
    listen().map_err(|error: io::Error| {
        let name = String::from_utf8_lossy(name);
        Error::from(error).context(format!("Failed to bind socket to @{name}"))
    })
}

fn bind_new(path: &Path, access: SocketAccess) -> io::Result<BoundSocket> {
    // A daemon may change its directory before it removes the file.
    let absolute = std::path::absolute(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    let file = SocketFile { path: absolute, identity: identity(path) };
    // Until it listens, nobody can connect.
    give_to(path, access)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(BoundSocket { listener: socket.into(), _file: Some(file) })
}

fn give_to(path: &Path, SocketAccess { mode, uid, gid }: SocketAccess) -> io::Result<()> {
    rustix::fs::chmod(path, Mode::from_raw_mode(mode))?;
    if uid.is_some() || gid.is_some() {
        let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
        rustix::fs::chownat(CWD, path, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

/// Removes the socket of a daemon that is gone. Never follows a symbolic link.
fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = match path.symlink_metadata() {
        Ok(metadata) => metadata.file_type().is_socket(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !is_socket {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "a file that is no socket is in the way",
        ));
    }
    // Not to wait: the owner of a socket whose queue is full is there, if busy.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let probe = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match rustix::net::connect(&probe, &SocketAddrUnix::new(path)?) {
        Err(rustix::io::Errno::CONNREFUSED) => std::fs::remove_file(path),
        Ok(()) | Err(_) => Err(rustix::io::Errno::ADDRINUSE.into()),
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = path.symlink_metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}
