//! How the program ends: the exit statuses, and the failures that lead to them.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::printable::printable;

/// The table of exit statuses, for the help and the manual page.
pub(crate) const TABLE: &str = "\
Exit status:
  0  success
  1  the server answered with an error, or a check found errors
  2  the command line, an argument or an input is wrong; nothing was sent
  3  there is no connection, or the other end does not speak QMP
  4  the time limit passed
  5  the job failed
  6  the job was cancelled
  7  the output could not be written";

/// The most characters of a message. A server may send megabytes of nonsense, which the error
/// quotes.
const MAX_TEXT: usize = 2000;

/// The result of a subcommand.
pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

/// Why a subcommand failed. The text is for people.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server answered with an error.
    Command(String),
    /// A check found errors.
    Check(String),
    /// The command line, an argument or an input is wrong.
    Refused(String),
    /// There is no connection, or the other end does not speak QMP.
    Connection(String),
    /// The time limit passed.
    TimedOut(String),
    /// The job failed.
    JobFailed(String),
    /// The job was cancelled.
    JobCancelled(String),
    /// The output could not be written.
    Output(io::Error),
}

impl Failure {
    /// The exit status. [`TABLE`] describes it.
    fn status(&self) -> u8 {
        match self {
            Self::Command(_) | Self::Check(_) => 1,
            Self::Refused(_) => 2,
            Self::Connection(_) => 3,
            Self::TimedOut(_) => 4,
            Self::JobFailed(_) => 5,
            Self::JobCancelled(_) => 6,
            Self::Output(_) => 7,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(text)
            | Self::Check(text)
            | Self::Refused(text)
            | Self::Connection(text)
            | Self::TimedOut(text)
            | Self::JobFailed(text)
            | Self::JobCancelled(text) => f.write_str(text),
            Self::Output(error) => write!(f, "cannot write the output: {error}"),
        }
    }
}

/// The exit status for `result`. Writes the failure to standard error as one line, unless `quiet`.
pub(crate) fn report(result: Result, quiet: bool) -> ExitCode {
    let Err(failure) = result else { return ExitCode::SUCCESS };
    // A reader that closes the pipe has read what it wants.
    let is_expected =
        matches!(&failure, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe);
    if !quiet && !is_expected {
        let text: String = printable(&failure.to_string()).chars().take(MAX_TEXT).collect();
        // Unlike `eprintln!`, this does not panic if standard error is closed.
        let _ = writeln!(io::stderr(), "qapi: {text}");
    }
    ExitCode::from(failure.status())
}
