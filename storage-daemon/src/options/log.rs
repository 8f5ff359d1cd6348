//! The options of the log: what it contains, and where it is written.

use std::path::PathBuf;
use std::time::Duration;

/// What the log contains, and where it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Which lines the log has: levels, for all parts of the program or for some, as in
    /// `info,qapi_core::audit=off`. `None` for warnings and errors.
    pub filter: Option<String>,
    /// The file; `None` for standard error.
    pub file: Option<PathBuf>,
    /// Whether each command has a line with its client and its outcome.
    pub audit: bool,
    /// Whether all messages are logged, in both directions.
    pub traffic: bool,
    /// Whether the lines that a command causes name the command and the session.
    pub calls: bool,
    /// The patterns of commands that the audit log and the log of messages leave out.
    pub except: Vec<String>,
    /// The time that a command may occupy the thread of all clients without a warning.
    pub slow_calls: Option<Duration>,
}

impl LogOptions {
    /// Whether the command line sets any option.
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}
