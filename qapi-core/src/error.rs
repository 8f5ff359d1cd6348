//! The error of a command, and the conversion of other errors into it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;

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

/// A class is the last link in the chain of sources of an [`Error`], so that libraries that wrap
/// errors preserve it.
impl StdError for ErrorClass {}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error reply: a class for programs and a description for people.
///
/// # Conversion from other errors
/// The operator `?` converts strings, and every error that implements [`std::error::Error`], `Send`
/// and `Sync`, `anyhow::Error` among them. The description contains the texts of the error and of
/// its sources, as in `outer: inner: innermost`. A source whose text is part of the text before it
/// is left out. The class is that of the first [`Error`] in the chain, or else
/// [`GenericError`](ErrorClass::GenericError).
///
/// ```
/// use qapi_core::{Error, Result};
///
/// fn percent(text: &str) -> Result<u8> {
///     let percent: u8 = text.parse()?;
///     if percent > 100 {
///         return Err("a percentage is at most 100".into());
///     }
///     Ok(percent)
/// }
///
/// assert_eq!(percent("12").unwrap(), 12);
/// assert_eq!(percent("x").unwrap_err().desc(), "invalid digit found in string");
/// ```
///
/// [`error_reply!`](crate::error_reply) selects the class and the description for an error type
/// that implements `std::error::Error`. Any other type converts by an implementation of `From`:
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
///
/// # Conversion to other errors
/// `Error` does not implement `std::error::Error`, as the conversion above would then include
/// `Error` itself. It dereferences to a `dyn std::error::Error`. The operator `?` converts it to
/// `Box<dyn std::error::Error>` and, with the feature `anyhow`, to `anyhow::Error`.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Reply);

/// The contents of an [`Error`], as a `std::error::Error`.
#[derive(Clone, PartialEq, Eq)]
struct Reply {
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
        Self(Reply { class, desc: desc.into() })
    }

    /// The class, for programs.
    pub fn class(&self) -> ErrorClass {
        self.0.class
    }

    /// The description, for people; programs must not parse it.
    pub fn desc(&self) -> &str {
        &self.0.desc
    }

    /// Puts `context` and a colon before the description. The class does not change.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        Self::with_class(self.0.class, format!("{context}: {}", self.0.desc))
    }

    /// The error reply for `error` and its sources, as [`Error`] describes it.
    fn of_chain(error: &(dyn StdError + 'static)) -> Self {
        let (mut class, mut desc) = (ErrorClass::GenericError, String::new());
        let mut link = Some(error);
        for _ in 0..MAX_CHAIN_LENGTH {
            let Some(error) = link else { break };
            if let Some(last) = error.downcast_ref() {
                class = *last;
                break;
            }
            if let Some(reply) = known_reply(error) {
                append(&mut desc, &reply.0.desc);
                class = reply.0.class;
                break;
            }
            match error.downcast_ref() {
                Some(error) => append(&mut desc, &io_error_text(error)),
                None => append(&mut desc, &error.to_string()),
            }
            link = error.source();
        }
        Self::with_class(class, desc)
    }
}

/// The number of sources that the text of an error contains at most. A chain may have a cycle.
const MAX_CHAIN_LENGTH: usize = 64;

/// Appends the text of a source to that of the errors that it caused, unless they contain it.
fn append(desc: &mut String, text: &str) {
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let is_part = desc.match_indices(text).any(|(at, _)| {
        let (before, after) = (&desc[..at], &desc[at + text.len()..]);
        !is_word(before.chars().next_back()) && !is_word(after.chars().next())
    });
    if is_part {
        return;
    }
    if !desc.is_empty() {
        desc.push_str(": ");
    }
    desc.push_str(text);
}

/// The reply of an [`Error`], or of a type that [`error_reply!`](crate::error_reply) names.
fn known_reply(error: &(dyn StdError + 'static)) -> Option<Error> {
    if let Some(reply) = error.downcast_ref::<Reply>() {
        return Some(Error(reply.clone()));
    }
    inventory::iter::<ErrorReply>.into_iter().find_map(|found| (found.reply)(error))
}

/// The conversion of one error type; [`error_reply!`](crate::error_reply) submits it.
#[doc(hidden)]
#[derive(Debug)]
pub struct ErrorReply {
    reply: fn(&(dyn StdError + 'static)) -> Option<Error>,
}

inventory::collect!(ErrorReply);

impl ErrorReply {
    /// A conversion that returns `None` for an error of another type.
    pub const fn new(reply: fn(&(dyn StdError + 'static)) -> Option<Error>) -> Self {
        Self { reply }
    }
}

/// Selects the error reply for an error type that implements [`std::error::Error`].
///
/// The conversion replaces the chain of texts, wherever the error occurs in a chain. Write it in
/// the crate of the error type, once for each type.
///
/// ```
/// use qapi_core::{Error, ErrorClass};
///
/// /// An error of a disk.
/// #[derive(Debug)]
/// struct NoSuchDisk(String);
///
/// impl std::fmt::Display for NoSuchDisk {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "No disk '{}'", self.0)
///     }
/// }
///
/// impl std::error::Error for NoSuchDisk {}
///
/// qapi_core::error_reply!(NoSuchDisk, |error| {
///     Error::with_class(ErrorClass::DeviceNotFound, error.to_string())
/// });
///
/// fn attach() -> qapi_core::Result<()> {
///     Err(NoSuchDisk("d0".to_owned()))?
/// }
///
/// let error = attach().unwrap_err();
/// assert_eq!(error.class(), ErrorClass::DeviceNotFound);
/// assert_eq!(error.desc(), "No disk 'd0'");
/// ```
#[macro_export]
macro_rules! error_reply {
    ($error:ty, $reply:expr $(,)?) => {
        const _: () = {
            fn __reply(
                error: &(dyn ::std::error::Error + 'static),
            ) -> $crate::__private::Option<$crate::Error> {
                let reply: fn(&$error) -> $crate::Error = $reply;
                error.downcast_ref::<$error>().map(reply)
            }
            $crate::__private::inventory::submit!($crate::__private::ErrorReply::new(__reply));
        };
    };
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.desc)
    }
}

/// The same text as displayed, so that a `main` that returns an error prints a readable one.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.desc)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Reply {
    /// The class. `anyhow::Error` hides the type of the error that it contains.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.class)
    }
}

impl Deref for Error {
    type Target = dyn StdError + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::of_chain(&*error.into())
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(Error(reply): Error) -> Self {
        Box::new(reply)
    }
}

#[cfg(feature = "anyhow")]
impl From<Error> for anyhow::Error {
    fn from(Error(reply): Error) -> Self {
        Self::new(reply)
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
