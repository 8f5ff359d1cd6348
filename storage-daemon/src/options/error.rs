//! What is wrong with the command line.

use qapi_core::Error;

/// A command line that cannot be followed, or an option of it that could not be carried out.
///
/// The text is one for people, without the program's name; it names the option as it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// An option that does not exist.
    #[error("unrecognized option '{0}'")]
    Unrecognized(String),
    /// A short option that does not exist.
    #[error("invalid option -- '{0}'")]
    UnrecognizedShort(char),
    /// The beginning of several options.
    #[error("option '{given}' is ambiguous; possibilities:{}", quoted(.possible))]
    Ambiguous {
        /// As given.
        given: String,
        /// What it may stand for.
        possible: Vec<&'static str>,
    },
    /// An option without the argument that it needs.
    #[error("option '--{0}' requires an argument")]
    ArgumentMissing(&'static str),
    /// An option with an argument that it does not take.
    #[error("option '--{0}' doesn't allow an argument")]
    ArgumentUnexpected(&'static str),
    /// Something that is neither an option nor an argument.
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
        /// Its argument.
        argument: String,
        /// What is wrong.
        error: Error,
    },
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!(" '--{name}'")).collect()
}
