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

mod commands;
mod store;

pub use store::{NAME_LIMIT, NAMED_LIMIT, SessionFds, UNCLAIMED_LIMIT};

use std::os::fd::OwnedFd;

use crate::context::Context;
use crate::descriptor::{Definition, Registration};
use crate::error::Result;
use crate::types::MemberType;

/// The definitions of `getfd` and `closefd`, to be added where a registry is made by
/// [`Registry::from_definitions`](crate::Registry::from_definitions).
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    let all = inventory::iter::<Registration>.into_iter().map(|registration| registration.0);
    all.filter(|definition| is_optional(definition))
}

/// Whether the definition is served only where descriptors are passed.
pub(crate) fn is_optional(definition: &Definition) -> bool {
    definition.source.module == commands::MODULE
}

/// What a parameter marked `#[qapi(fd)]` may be: an [`OwnedFd`], or an `Option` of one.
///
/// The client gives the name that it chose with `getfd`; in the schema the argument is a `str`.
/// The descriptor is taken from the session once all arguments have been found good, and is the
/// function's from then on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a file descriptor's parameter",
    label = "not a file descriptor",
    note = "use `OwnedFd`, or `Option<OwnedFd>` where it may be absent"
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
