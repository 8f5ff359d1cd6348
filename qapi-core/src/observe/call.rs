//! The facts about a call that hooks receive.

use std::fmt;
use std::time::Duration;

use crate::call::handler::Execution;
use crate::call::session::SessionContext;
use crate::error::{Error, ErrorClass, Result};
use crate::schema::definition::{Definition, Feature};

/// A call of a command: the command, and the session that it came from.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CallInfo<'a> {
    /// The definition of the command.
    pub definition: &'static Definition,
    /// The session of the caller: its number, its peer and its listener.
    pub session: &'a SessionContext,
    /// How the function is called.
    pub execution: Execution,
    /// Whether the command is executed out of band.
    pub is_oob: bool,
}

impl CallInfo<'_> {
    /// The name of the command.
    pub fn command(&self) -> &'static str {
        self.definition.name
    }

    /// The package that defines the command.
    pub fn package(&self) -> &'static str {
        self.definition.source.package
    }

    /// The features of the command, `deprecated` and `unstable` among them.
    pub fn features(&self) -> &'static [Feature] {
        self.definition.features
    }
}

/// How a call ended, and how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallEnd {
    /// How the call ended.
    pub outcome: CallOutcome,
    /// The time from the arrival of the request until the function began: the time in the queue of
    /// the session, and the time until a thread was free for a `blocking` function.
    pub waited: Duration,
    /// The time from the beginning of the function until its end. The time also counts while an
    /// `async` function waits. It is zero for a call whose function never began.
    pub ran: Duration,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallOutcome {
    /// The function returned a value.
    Succeeded,
    /// The function returned an error of this class, or the arguments were invalid.
    Failed(ErrorClass),
    /// A hook refused the call with an error of this class.
    Refused(ErrorClass),
    /// The function panicked.
    Panicked,
    /// The call did not end within its deadline.
    DeadlineExceeded,
    /// The call was cancelled or dropped: its client disconnected, or the server shut down.
    Cancelled,
}

impl CallOutcome {
    /// The outcome of a function that returned.
    pub(crate) fn of<T>(result: &Result<T>) -> Self {
        match result {
            Ok(_) => Self::Succeeded,
            Err(error) => Self::Failed(error.class()),
        }
    }

    /// The name of the outcome, for logs and metrics: `succeeded`, `failed`, `refused`, `panicked`,
    /// `deadline-exceeded` or `cancelled`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
            Self::Panicked => "panicked",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::Cancelled => "cancelled",
        }
    }

    /// The class of the error that the client received, if the function or a hook chose it.
    pub const fn error_class(self) -> Option<ErrorClass> {
        match self {
            Self::Failed(class) | Self::Refused(class) => Some(class),
            Self::Succeeded | Self::Panicked | Self::DeadlineExceeded | Self::Cancelled => None,
        }
    }
}

/// The name of the outcome, and the class of the error if there is one.
impl fmt::Display for CallOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        self.error_class().map_or(Ok(()), |class| write!(f, " ({class})"))
    }
}

/// A request that reached no function: the command does not exist, the session may not execute it,
/// or it may not be executed now.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RejectedRequest<'a> {
    /// The name in the request, as the client sent it. It may be any text of any length.
    pub command: &'a str,
    /// The session of the caller.
    pub session: &'a SessionContext,
    /// The error that the client receives.
    pub error: &'a Error,
}
