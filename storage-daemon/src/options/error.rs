//! The errors of the command line.

use qapi_core::Error;

/// A command line that is malformed, or an option that could not be carried out.
///
/// The text names the option or the argument, and does not contain the program's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// An option that does not exist.
    #[error("unrecognized option '{0}'")]
    Unrecognized(String),
    /// A short option that does not exist.
    #[error("invalid option -- '{0}'")]
    UnrecognizedShort(char),
    /// An abbreviation of several options.
    #[error("option '{given}' is ambiguous; possibilities:{}", quoted(.possible))]
    Ambiguous {
        /// The abbreviation.
        given: String,
        /// The options.
        possible: Vec<&'static str>,
    },
    /// An option without its mandatory argument.
    #[error("option '--{0}' requires an argument")]
    ArgumentMissing(&'static str),
    /// An option with an argument, although the option takes none.
    #[error("option '--{0}' doesn't allow an argument")]
    ArgumentUnexpected(&'static str),
    /// A part of the command line that is neither an option nor an argument.
    #[error("{0}")]
    Malformed(String),
    /// An argument that belongs to no option.
    #[error("{0}: Unexpected argument")]
    StrayArgument(String),
    /// An argument that is not UTF-8.
    #[error("{0}: Not valid UTF-8")]
    NotUtf8(String),
    /// An option whose argument is malformed, or that could not be carried out.
    #[error("--{name} {argument}: {error}")]
    Failed {
        /// The option.
        name: &'static str,
        /// The option's argument.
        argument: String,
        /// The error.
        error: Error,
    },
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!(" '--{name}'")).collect()
}
