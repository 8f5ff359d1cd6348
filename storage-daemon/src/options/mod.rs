//! The command line, with the options of QEMU's storage daemon.
//!
//! [`Invocation::parse`] splits the command line into options. The options are carried out in
//! order. The argument of an option is parsed only when the option is carried out, because an
//! earlier option may fail first.

mod arguments;
mod chardev;
mod error;
mod help;
pub mod keyval;
mod landlock;
mod log;
pub(crate) mod messages;
mod monitor;
mod settings;

pub use arguments::Invocation;
pub use chardev::{
    ChardevKind, ChardevOptions, SocketAddress, SocketOptions, SocketRole, TcpAddress,
};
pub use error::OptionError;
pub use help::{HELP, list_commands, version_text};
pub use landlock::LandlockOptions;
pub use log::LogOptions;
pub use monitor::{MonitorMode, MonitorOptions};
pub use settings::{Settings, Step, StepKind};

use qapi_core::wire::Document;
use qapi_core::{Error, Input, QapiType, Result, Scalars};

/// Parses an option's argument: as JSON if it begins with `{`, and as [`keyval`] otherwise.
///
/// # Errors
/// The text is malformed, or a member is missing, unexpected or of the wrong type.
pub fn typed<T: QapiType>(text: &str, implied_key: &str) -> Result<T> {
    let (document, scalars) = if text.starts_with('{') {
        (Document::parse(text.as_bytes()), Scalars::Json)
    } else {
        (Document::from_json(&keyval::parse(text, implied_key)?), Scalars::Keyval)
    };
    let document = document.map_err(|error| Error::generic(error.to_string()))?;
    T::visit(Input::with_scalars(document.root(), scalars))
}

/// Whether a text has the form of an identifier: a letter, and then letters, digits, `-`, `.` and
/// `_`.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}
