//! The options of a service: hooks, logs and deadlines.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::call::session::SessionContext;
use crate::observe::hooks::{CallHook, CallHooks};
use crate::observe::traffic::TrafficLog;

/// The options of a [`Service`](crate::Service). A [`Server`](crate::Server) has the same options
/// as methods of its own.
///
/// ```
/// use qapi_core::observe::AuditLog;
/// use qapi_core::service::ServiceOptions;
/// use std::time::Duration;
///
/// let options = ServiceOptions::new()
///     .call_hook(AuditLog::new())
///     .call_deadline(Duration::from_secs(60))
///     .on_session_end(|session| println!("session {} ended", session.id()));
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ServiceOptions {
    hooks: CallHooks,
    traces_calls: bool,
    traffic: Option<TrafficLog>,
    call_deadline: Option<Duration>,
    session_end: SessionHooks,
}

impl ServiceOptions {
    /// No hooks, no logs and no deadline.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a hook around every call; see [`observe`](crate::observe).
    pub fn call_hook(mut self, hook: impl CallHook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Calls every function within a `tracing` span; see [`observe`](crate::observe).
    pub fn trace_calls(mut self) -> Self {
        self.traces_calls = true;
        self
    }

    /// Logs all messages.
    pub fn log_traffic(mut self, log: TrafficLog) -> Self {
        self.traffic = Some(log);
        self
    }

    /// Sets the deadline of `async` and `blocking` commands without one of their own.
    pub fn call_deadline(mut self, deadline: Duration) -> Self {
        self.call_deadline = Some(deadline);
        self
    }

    /// Runs `hook` when a session ends. Several hooks run in the order in which they were added.
    pub fn on_session_end(
        mut self,
        hook: impl Fn(&SessionContext) + Send + Sync + 'static,
    ) -> Self {
        self.session_end.0.push(Arc::new(hook));
        self
    }

    pub(super) fn observation(self) -> Observation {
        let Self { hooks, traces_calls, traffic, call_deadline, session_end } = self;
        Observation {
            is_active: !hooks.is_empty() || traces_calls || traffic.is_some(),
            hooks: Arc::new(hooks),
            traces_calls,
            traffic: traffic.map(Arc::new),
            call_deadline,
            session_end,
        }
    }
}

/// The options in the form that sessions use.
#[derive(Debug)]
pub(crate) struct Observation {
    /// Whether a dispatch has hooks or logs. The dispatch without them checks only this.
    pub(crate) is_active: bool,
    pub(crate) hooks: Arc<CallHooks>,
    pub(crate) traces_calls: bool,
    pub(crate) traffic: Option<Arc<TrafficLog>>,
    pub(crate) call_deadline: Option<Duration>,
    session_end: SessionHooks,
}

impl Observation {
    /// Runs the hooks for the end of a session. Their panics do not leave this function.
    pub(crate) fn end_session(&self, session: &SessionContext) {
        for hook in &self.session_end.0 {
            if catch_unwind(AssertUnwindSafe(|| hook(session))).is_err() {
                tracing::error!(
                    session = session.id(),
                    "a hook for the end of sessions panicked"
                );
            }
        }
    }
}

type SessionHook = Arc<dyn Fn(&SessionContext) + Send + Sync>;

/// Hooks for the end of sessions, in the order in which they were added.
#[derive(Clone, Default)]
struct SessionHooks(Vec<SessionHook>);

impl fmt::Debug for SessionHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionHooks").field(&self.0.len()).finish()
    }
}
