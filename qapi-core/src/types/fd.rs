//! File descriptors as parameters of commands.

use std::os::fd::OwnedFd;

use crate::call::context::Context;
use crate::error::Result;
use crate::types::member::MemberType;

/// What a parameter marked `#[qapi(fd)]` may be: an [`OwnedFd`], or an `Option` of one.
///
/// The client gives the name that it chose with `getfd`; in the schema the argument is a `str`.
/// The descriptor is taken from the session once all arguments have been found good, and is the
/// function's from then on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter with `fd`",
    label = "not a file descriptor",
    note = "use `OwnedFd`, or `Option<OwnedFd>` for an optional argument"
)]
pub trait FdParameter: Sized {
    /// How the name is read.
    type Name: for<'m> MemberType<'m>;

    /// Takes what the name stands for.
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
