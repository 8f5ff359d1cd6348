//! File descriptors that clients hand over a unix socket (QEMU's `getfd` and `closefd`, schema
//! file `misc.json`).
//!
//! A client sends a descriptor beside the bytes of a message, as `SCM_RIGHTS`. The command
//! `getfd` in that message gives it a name; commands that come later take it by that name, with a
//! parameter `#[qapi(fd)] image: OwnedFd`. Descriptors belong to the session that received them
//! and are closed with it.
//!
//! A server has none of this unless [`Server::enable_fd_passing`](crate::Server::enable_fd_passing)
//! is called: descriptors that come are then closed by the kernel, and the two commands do not
//! exist.

use crate::call::handler::Registration;
use crate::call::session::SessionContext;
use crate::error::Result;
use crate::qapi_command;

/// The registrations of `getfd` and `closefd`, for a registry that is made by
/// [`Registry::from_registrations`](crate::Registry::from_registrations).
pub fn registrations() -> [Registration; 2] {
    [GETFD, CLOSEFD]
}

/// Receives a file descriptor that was sent along with this command, and gives it a name.
///
/// A descriptor that had the name before is closed.
#[qapi_command(crate = crate, registration = GETFD, since = "0.14")]
fn getfd(
    #[qapi(session)] session: &SessionContext,
    /// The name; it must not begin with a digit.
    fdname: &str,
) -> Result<()> {
    session.fds().name_oldest(fdname)
}

/// Closes a file descriptor that `getfd` gave a name.
#[qapi_command(crate = crate, registration = CLOSEFD, since = "0.14")]
fn closefd(
    #[qapi(session)] session: &SessionContext,
    /// The name.
    fdname: &str,
) -> Result<()> {
    session.fds().close(fdname)
}
