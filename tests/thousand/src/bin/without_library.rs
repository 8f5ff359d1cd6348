//! A binary with a command of its own, which does not name the library beside it. The linker leaves
//! out the library and its commands.

use qapi_core::prelude::*;

use qapi_core::OpenValue;

/// A kind of part.
#[qapi_enum]
#[derive(Debug, Clone, Copy)]
pub enum ThousandKind {
    /// A small one.
    Small,
    /// Another one.
    #[qapi(open)]
    Other(OpenValue<ThousandKind>),
}

/// A further kind.
#[qapi_enum(extends = ThousandKind)]
#[derive(Debug, Clone, Copy)]
pub enum ThousandFurtherKind {
    /// A large one.
    Large,
}

/// Does nothing.
#[qapi_command]
fn thousand_alone() {}

fn main() -> Result<(), qapi_core::ServeError> {
    Server::new().require_package("thousand").listen_stdio().run()
}
