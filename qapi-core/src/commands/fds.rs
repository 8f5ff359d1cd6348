//! File descriptors that clients send over a unix socket (QEMU's `getfd` and `closefd`, schema file
//! `misc.json`).
//!
//! A client sends a descriptor as ancillary data (`SCM_RIGHTS`) of a message. The command `getfd`
//! in that message gives the descriptor a name. A later command takes the descriptor by that name,
//! with a parameter such as `#[qapi(fd)] image: OwnedFd`. Descriptors belong to the session that
//! received them and are closed with it.
//!
//! The two commands exist only if [`Server::enable_fd_passing`](crate::Server::enable_fd_passing)
//! is called. Otherwise the kernel closes the descriptors that a client sends.

use crate::call::handler::Registration;
use crate::call::session::SessionContext;
use crate::error::Result;
use crate::qapi_command;

/// The registrations of `getfd` and `closefd`, for a registry from
/// [`Registry::from_registrations`](crate::Registry::from_registrations).
pub fn registrations() -> [Registration; 2] {
    [GETFD, CLOSEFD]
}

/// Receives a file descriptor that was sent along with this command, and gives it a name.
///
/// If the name is in use, its descriptor is closed.
#[qapi_command(crate = crate, registration = GETFD, since = "0.14")]
fn getfd(
    #[qapi(session)] session: &SessionContext,
    /// The name; it must not begin with a digit.
    fdname: &str,
) -> Result<()> {
    session.fds().name_oldest(fdname)
}

/// Closes a file descriptor that `getfd` named.
#[qapi_command(crate = crate, registration = CLOSEFD, since = "0.14")]
fn closefd(
    #[qapi(session)] session: &SessionContext,
    /// The name.
    fdname: &str,
) -> Result<()> {
    session.fds().close(fdname)
}
