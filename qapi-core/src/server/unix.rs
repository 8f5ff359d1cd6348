//! Unix sockets: made safely, removed at the end.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::Mode;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::error::{Error, Result};

/// How many clients may wait to be accepted.
const BACKLOG: i32 = 128;

/// A listening socket together with its file, which goes when this is dropped.
#[derive(Debug)]
pub(super) struct BoundSocket {
    pub(super) listener: UnixListener,
    _file: SocketFile,
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

/// Makes a socket at `path`, open to its owner alone, and listens.
///
/// A socket that nobody listens on any more is replaced; anything else that stands at `path` is
/// left alone.
///
/// # Errors
/// The path is taken, too long, or in a place where the file cannot be made.
pub(super) fn bind(path: &Path) -> Result<BoundSocket> {
    remove_stale(path).and_then(|()| bind_new(path)).map_err(|error| {
        Error::from(error).context(format!("Failed to bind socket to {}", path.display()))
    })
}

fn bind_new(path: &Path) -> io::Result<BoundSocket> {
    // A daemon may change its directory before it removes the file.
    let absolute = std::path::absolute(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    let file = SocketFile { path: absolute, identity: identity(path) };
    // Between these two calls nobody can connect: the socket does not listen yet.
    rustix::fs::chmod(path, Mode::RUSR | Mode::WUSR)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(BoundSocket { listener: socket.into(), _file: file })
}

/// Waits until a client has come.
pub(super) async fn client_waiting(bound: &BoundSocket) -> io::Result<()> {
    let listener = bound.listener.try_clone()?;
    tokio::task::spawn_blocking(move || {
        rustix::event::poll(&mut [PollFd::new(&listener, PollFlags::IN)], None)
    })
    .await??;
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
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Ok(_) | Err(_) => Err(rustix::io::Errno::ADDRINUSE.into()),
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = path.symlink_metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}
