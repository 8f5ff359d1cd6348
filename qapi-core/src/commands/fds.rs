//! `getfd` and `closefd`.

use crate::error::Result;
use crate::qapi_command;
use crate::session::SessionContext;

/// Where these commands stand, by which they are told from those that are always served.
pub(super) const MODULE: &str = module_path!();

/// Receives a file descriptor that was sent along with this command, and gives it a name.
///
/// A descriptor that had the name before is closed.
#[qapi_command(crate = crate, since = "0.14")]
fn getfd(
    #[qapi(session)] session: &SessionContext,
    /// The name; it must not begin with a digit.
    fdname: &str,
) -> Result<()> {
    session.fds().name_oldest(fdname)
}

/// Closes a file descriptor that `getfd` gave a name.
#[qapi_command(crate = crate, since = "0.14")]
fn closefd(
    #[qapi(session)] session: &SessionContext,
    /// The name.
    fdname: &str,
) -> Result<()> {
    session.fds().close(fdname)
}
