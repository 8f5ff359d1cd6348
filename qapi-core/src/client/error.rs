//! The errors of a client.

use std::fmt;

use super::compare::SchemaDifference;
use crate::error::Error;

/// The error of a call, or of waiting for an event.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// The server sent this error reply. The connection stays open.
    Command(Error),
    /// The server sent a message that is not QMP, or not of the requested type. Later messages are
    /// still read.
    Unexpected(String),
    /// The call took longer than the limit of the client. The connection stays open, and the server
    /// may execute the command.
    TimedOut,
    /// The schema of the server differs from the declarations of the client.
    Schema(Vec<SchemaDifference>),
    /// The server closed the connection.
    Closed,
    /// The transport failed.
    Io(std::io::Error),
}

/// The result of an operation of a client.
pub type Result<T> = std::result::Result<T, ClientError>;

impl ClientError {
    /// The error reply of the server, if the server sent one.
    pub fn command(&self) -> Option<&Error> {
        match self {
            Self::Command(error) => Some(error),
            Self::Unexpected(_)
            | Self::TimedOut
            | Self::Schema(_)
            | Self::Closed
            | Self::Io(_) => None,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(error) => error.fmt(f),
            Self::Unexpected(what) => write!(f, "the server's message is unexpected: {what}"),
            Self::TimedOut => f.write_str("the call took longer than the limit"),
            Self::Schema(differences) => {
                f.write_str("the schema of the server differs:")?;
                differences.iter().try_for_each(|difference| write!(f, "\n   {difference}"))
            }
            Self::Closed => f.write_str("the server closed the connection"),
            Self::Io(error) => write!(f, "the connection failed: {error}"),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Command(error) => Some(&**error),
            Self::Io(error) => Some(error),
            Self::Unexpected(_) | Self::TimedOut | Self::Schema(_) | Self::Closed => None,
        }
    }
}

impl From<std::io::Error> for ClientError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
