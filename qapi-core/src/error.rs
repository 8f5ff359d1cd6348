//! The error of a command.

use std::borrow::Cow;
use std::fmt;

/// The class of an error reply (QMP specification, "Error"; schema file `error.json`).
///
/// QMP has five classes. Use [`GenericError`](Self::GenericError) for new errors. Existing clients
/// act on the other classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Any failure without a more specific class.
    GenericError,
    /// The command does not exist, or may not be used now.
    CommandNotFound,
    /// A device is in a state that forbids the operation, or the job does not exist.
    DeviceNotActive,
    /// The named device does not exist.
    DeviceNotFound,
    /// The kernel lacks a capability that the operation needs.
    KvmMissingCap,
}

impl ErrorClass {
    /// All classes.
    pub const ALL: &'static [Self] = &[
        Self::GenericError,
        Self::CommandNotFound,
        Self::DeviceNotActive,
        Self::DeviceNotFound,
        Self::KvmMissingCap,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GenericError => "GenericError",
            Self::CommandNotFound => "CommandNotFound",
            Self::DeviceNotActive => "DeviceNotActive",
            Self::DeviceNotFound => "DeviceNotFound",
            Self::KvmMissingCap => "KVMMissingCap",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error reply: a class for programs and a description for people.
///
/// A command returns `Result<T, E>` with any `E: Into<Error>`; implement `From` for an error
/// type of your own to choose its class.
///
/// ```
/// use qapi_core::{Error, ErrorClass};
///
/// let error = Error::generic("Job not found");
/// assert_eq!(error.class(), ErrorClass::GenericError);
/// assert_eq!(error.to_string(), "Job not found");
///
/// /// An error of a disk.
/// enum DiskError {
///     NoSuchDisk(String),
/// }
///
/// impl From<DiskError> for Error {
///     fn from(error: DiskError) -> Self {
///         match error {
///             DiskError::NoSuchDisk(disk) => {
///                 Self::with_class(ErrorClass::DeviceNotFound, format!("No disk '{disk}'"))
///             }
///         }
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    class: ErrorClass,
    desc: Cow<'static, str>,
}

/// The result of a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of class [`ErrorClass::GenericError`], the usual one.
    pub fn generic(desc: impl Into<Cow<'static, str>>) -> Self {
        Self::with_class(ErrorClass::GenericError, desc)
    }

    /// An error of the given class.
    pub fn with_class(class: ErrorClass, desc: impl Into<Cow<'static, str>>) -> Self {
        Self { class, desc: desc.into() }
    }

    /// The class, for programs.
    pub fn class(&self) -> ErrorClass {
        self.class
    }

    /// The description, for people; programs must not parse it.
    pub fn desc(&self) -> &str {
        &self.desc
    }

    /// Puts `context` and a colon before the description. The class does not change.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        Self { class: self.class, desc: format!("{context}: {}", self.desc).into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.desc)
    }
}

/// The same text as displayed, so that a `main` that returns an error prints a readable one.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(desc: String) -> Self {
        Self::generic(desc)
    }
}

impl From<&'static str> for Error {
    fn from(desc: &'static str) -> Self {
        Self::generic(desc)
    }
}

impl From<std::io::Error> for Error {
    /// The description is the operating system's own text, without the number that Rust adds.
    fn from(error: std::io::Error) -> Self {
        Self::generic(io_error_text(&error))
    }
}

/// The text of an I/O error. For an error of the operating system it is that of C's `strerror`.
pub(crate) fn io_error_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(code) => {
            let suffix = format!(" (os error {code})");
            text.strip_suffix(&suffix).unwrap_or(&text).to_owned()
        }
        None => text,
    }
}
