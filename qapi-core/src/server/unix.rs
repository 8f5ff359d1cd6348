//! Listening unix sockets, and the files that they create and remove.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::error::ServeError;
use super::socket_lock::SocketLock;

/// The number of clients that may wait to be accepted.
const BACKLOG: i32 = 128;

/// The permissions of a unix socket's file: which users may open it.
///
/// The server also checks the user of each client; see [`Policy::peers`](crate::Policy::peers).
///
/// ```no_run
/// use qapi_core::Listener;
/// use qapi_core::server::SocketAccess;
///
/// let access = SocketAccess::new().mode(0o660).group(1000);
/// let listener = Listener::unix_with("/run/demo.sock", access)?;
/// # Ok::<(), qapi_core::ServeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct SocketAccess {
    mode: u32,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl Default for SocketAccess {
    fn default() -> Self {
        Self::new()
    }
}

impl SocketAccess {
    /// A file that only the daemon's own user may open: mode `0o600`.
    pub const fn new() -> Self {
        Self { mode: 0o600, uid: None, gid: None }
    }

    /// Sets the mode bits of the file, as `chmod` does.
    pub const fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the user who owns the file; the daemon's own user by default. Another owner
    /// requires privileges.
    pub const fn owner(mut self, uid: u32) -> Self {
        self.uid = Some(uid);
        self
    }

    /// Whether the file belongs to the user and the group of the daemon.
    const fn has_own_user_and_group(self) -> bool {
        self.uid.is_none() && self.gid.is_none()
    }

    /// Sets the group of the file; the daemon's own group by default. A group of which the daemon
    /// is not a member requires privileges.
    pub const fn group(mut self, gid: u32) -> Self {
        self.gid = Some(gid);
        self
    }
}

/// A listening socket and the guard that removes its file. An abstract socket has no file.
#[derive(Debug)]
pub(super) struct BoundSocket {
    /// Dropped before the listener: while the socket is open, no other daemon replaces its file,
    /// and no other file has its inode number.
    file: Option<SocketFile>,
    pub(super) listener: UnixListener,
}

impl BoundSocket {
    /// A socket that has no file, or whose file belongs to the process that created it.
    pub(super) fn without_file(listener: UnixListener) -> Self {
        Self { file: None, listener }
    }

    /// The path of the socket, or `@` and the name of an abstract one.
    pub(super) fn name(&self) -> String {
        if let Some(file) = &self.file {
            return file.path.display().to_string();
        }
        let address = self.listener.local_addr().ok();
        let path = address.as_ref().and_then(|address| address.as_pathname());
        #[cfg(target_os = "linux")]
        if let Some(name) = address.as_ref().and_then(SocketAddrExt::as_abstract_name) {
            return format!("@{}", String::from_utf8_lossy(name));
        }
        path.map(|path| path.display().to_string()).unwrap_or_default()
    }
}

/// The file of a socket, which is removed on drop. A different file at the path is not removed; the
/// device and the inode number identify the socket's file.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // A failure is ignored, as the daemon ends.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Listens on a socket at `path`, whose file has the permissions of `access`.
///
/// Replaces the file of a socket on which no process listens, and no other file.
///
/// # Errors
/// [`ServeError::Bind`]: the path is taken or too long, the file cannot be created, or its owner or
/// permissions cannot be changed.
pub(super) fn bind(path: &Path, access: SocketAccess) -> Result<BoundSocket, ServeError> {
    bind_exclusively(path, access)
        .map_err(|source| ServeError::Bind { address: path.display().to_string(), source })
}

fn bind_exclusively(path: &Path, access: SocketAccess) -> io::Result<BoundSocket> {
    // An address that no socket can have is refused before files are created.
    let address = SocketAddrUnix::new(path)?;
    let lock = SocketLock::take(path)?;
    remove_stale(path)?;
    // A daemon may change its directory before it removes the file.
    let absolute = std::path::absolute(path)?;
    let socket = nonblocking_socket()?;
    restrict(&socket, access);
    rustix::net::bind(&socket, &address)?;
    let file = SocketFile { path: absolute, identity: identity(path) };
    // No client can connect before the socket listens.
    set_access(path, access)?;
    rustix::net::listen(&socket, BACKLOG)?;
    drop(lock);
    Ok(BoundSocket { file: Some(file), listener: socket.into() })
}

/// Restricts the mode bits with which `bind` creates the file of `socket`, so that the file never
/// admits a user that `access` excludes. The bits for a group or for others come with the owner.
///
/// On Linux a file gets the mode bits of its socket, without those in the umask. On other systems
/// this has no effect.
fn restrict(socket: &OwnedFd, access: SocketAccess) {
    let mode = if access.has_own_user_and_group() { access.mode } else { access.mode & 0o700 };
    if let Ok(file) = socket.try_clone().map(File::from) {
        let _ = file.set_permissions(Permissions::from_mode(mode));
    }
}

fn set_access(path: &Path, access: SocketAccess) -> io::Result<()> {
    let SocketAccess { mode, uid, gid } = access;
    if !access.has_own_user_and_group() {
        std::os::unix::fs::lchown(path, uid, gid)?;
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Removes the file of a socket on which no process listens. Does not follow symbolic links.
fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = match path.symlink_metadata() {
        Ok(metadata) => metadata.file_type().is_socket(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !is_socket {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "a file that is not a socket exists there",
        ));
    }
    // The probe does not block. If the backlog of a listener is full, `connect` returns another
    // error than `CONNREFUSED`, and the address counts as in use.
    let probe = nonblocking_socket()?;
    match rustix::net::connect(&probe, &SocketAddrUnix::new(path)?) {
        Err(rustix::io::Errno::CONNREFUSED) => std::fs::remove_file(path),
        Ok(()) | Err(_) => Err(rustix::io::Errno::ADDRINUSE.into()),
    }
}

#[cfg(not(target_vendor = "apple"))]
fn nonblocking_socket() -> io::Result<OwnedFd> {
    use rustix::net::SocketFlags;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?)
}

/// Apple's systems set the two flags in further calls.
#[cfg(target_vendor = "apple")]
fn nonblocking_socket() -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = path.symlink_metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}
