//! Hooks that write to the log.

use std::time::Duration;

use super::call::{CallEnd, CallInfo, RejectedRequest};
use super::hooks::CallHook;
use crate::call::handler::Execution;
use crate::call::peer::Peer;
use crate::call::session::SessionContext;
use crate::error::Result;
use crate::pattern::{NamePattern, any_matches};

/// A hook that logs one line for each command, with the target `qapi_core::audit` and the level
/// `INFO`.
///
/// The line has the session, its listener, the user and the process of the client (over vsock its
/// machine), the command, the outcome and the times. It has no arguments. A request for a command
/// that does not exist, or that the session may not execute, has a line too.
///
/// ```
/// use qapi_core::observe::AuditLog;
/// use qapi_core::prelude::*;
///
/// let server = Server::new().call_hook(AuditLog::new().except("query-*")?);
/// # let _ = server;
/// # Ok::<(), qapi_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct AuditLog {
    except: Vec<NamePattern>,
}

/// The longest name of an unknown command in the log, in characters.
const NAME_SHOWN: usize = 64;

impl AuditLog {
    /// A log of all commands.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves out the commands whose names match `pattern`; see [`NamePattern`].
    ///
    /// # Errors
    /// The pattern is too long.
    pub fn except(mut self, pattern: &str) -> Result<Self> {
        self.except.push(NamePattern::new(pattern)?);
        Ok(self)
    }
}

impl CallHook for AuditLog {
    fn after(&self, call: &CallInfo<'_>, end: &CallEnd) {
        if any_matches(&self.except, call.command()) {
            return;
        }
        let Caller { session, listener, uid, pid, cid } = Caller::of(call.session);
        let CallEnd { outcome, waited, ran } = end;
        tracing::info!(
            target: "qapi_core::audit",
            session, listener, uid, pid, cid, command = call.command(), %outcome, ?waited, ?ran,
            "a command was executed"
        );
    }

    fn rejected(&self, request: &RejectedRequest<'_>) {
        let Caller { session, listener, uid, pid, cid } = Caller::of(request.session);
        let command: String = request.command.chars().take(NAME_SHOWN).collect();
        let class = request.error.class();
        tracing::info!(
            target: "qapi_core::audit",
            session, listener, uid, pid, cid, ?command,
            outcome = %format_args!("rejected ({class})"),
            "a command was rejected"
        );
    }
}

/// The facts about a caller in a line of the log.
struct Caller<'a> {
    session: u64,
    listener: Option<&'a str>,
    uid: Option<u32>,
    pid: Option<i32>,
    cid: Option<u32>,
}

impl<'a> Caller<'a> {
    fn of(session: &'a SessionContext) -> Self {
        let peer = session.peer();
        Self {
            session: session.id(),
            listener: session.listener(),
            uid: peer.and_then(Peer::uid),
            pid: peer.and_then(Peer::credentials).and_then(|process| process.pid),
            cid: peer.and_then(Peer::cid),
        }
    }
}

/// The time after which [`SlowCalls`] warns by default.
pub const DEFAULT_SLOW_CALL: Duration = Duration::from_millis(100);

/// A hook that warns when a plain function occupied the server's thread for too long, and all other
/// clients waited. The remedy is an `async` function, or the word `blocking`.
#[derive(Debug, Clone, Copy)]
pub struct SlowCalls {
    limit: Duration,
}

impl Default for SlowCalls {
    /// Warns after [`DEFAULT_SLOW_CALL`].
    fn default() -> Self {
        Self::longer_than(DEFAULT_SLOW_CALL)
    }
}

impl SlowCalls {
    /// Warns about functions that take longer than `limit`.
    pub const fn longer_than(limit: Duration) -> Self {
        Self { limit }
    }
}

impl CallHook for SlowCalls {
    fn after(&self, call: &CallInfo<'_>, end: &CallEnd) {
        if end.ran <= self.limit || call.execution != Execution::Inline {
            return;
        }
        let (command, package, ran) = (call.command(), call.package(), end.ran);
        tracing::warn!(
            command,
            package,
            ?ran,
            "a function occupied the server's thread; make it `async` or `blocking`"
        );
    }
}
