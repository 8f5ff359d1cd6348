//! File descriptors as parameters of commands.

use std::os::fd::OwnedFd;

use crate::call::handler::Context;
use crate::error::Result;
use crate::types::member::MemberType;

/// The type of a parameter under `#[qapi(fd)]`: an [`OwnedFd`], or an `Option` of one.
///
/// The client sends the name that it gave by `getfd`; in the schema the argument is a `str`. After
/// all arguments are checked, the descriptor moves from the session to the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter with `fd`",
    label = "not a file descriptor",
    note = "use `OwnedFd`, or `Option<OwnedFd>` for an optional argument"
)]
pub trait FdParameter: Sized {
    /// The type of the argument: the name.
    type Name: for<'m> MemberType<'m>;

    /// Takes the descriptor of this name from the session.
    ///
    /// # Errors
    /// The session has no descriptor of this name.
    fn take(name: Self::Name, context: &Context<'_>) -> Result<Self>;
}

impl FdParameter for OwnedFd {
    type Name = String;

    fn take(name: String, context: &Context<'_>) -> Result<Self> {
        context.session().fds().take(&name)
    }
}

impl FdParameter for Option<OwnedFd> {
    type Name = Option<String>;

    fn take(name: Option<String>, context: &Context<'_>) -> Result<Self> {
        name.map(|name| OwnedFd::take(name, context)).transpose()
    }
}
