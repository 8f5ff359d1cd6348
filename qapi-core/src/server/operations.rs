//! The methods of a server for operations: hooks, logs, deadlines and sessions.

use std::time::Duration;

use super::{Listeners, Server};
use crate::call::session::SessionContext;
use crate::commands::event_selection;
#[cfg(feature = "metrics")]
use crate::observe::metrics::{CallMetrics, Metrics};
use crate::observe::{CallHook, TrafficLog};

impl Server {
    /// Adds a hook around every call, which observes the call and may refuse it; see
    /// [`observe`](crate::observe). Several hooks run in the order in which they were added.
    pub fn call_hook(mut self, hook: impl CallHook) -> Self {
        self.options = self.options.call_hook(hook);
        self
    }

    /// Calls every function within a `tracing` span named `call`, with the fields `command` and
    /// `session`, the target `qapi_core::call` and the level `INFO`. What the function logs is
    /// within the span.
    pub fn trace_calls(mut self) -> Self {
        self.options = self.options.trace_calls();
        self
    }

    /// Logs all messages in both directions.
    pub fn log_traffic(mut self, log: TrafficLog) -> Self {
        self.options = self.options.log_traffic(log);
        self
    }

    /// Sets the time within which a call of an `async` or `blocking` command must end; unlimited by
    /// default. The word `deadline` of a command takes precedence, and `quit` has no deadline.
    ///
    /// The time begins with the dispatch of the request. When it is over, the client receives an
    /// error at once. The future of an `async fn` is dropped. A `blocking` function cannot be
    /// stopped: its [`Cancellation`](crate::call::Cancellation) tells it, and it occupies its
    /// thread until it returns. A function on the server's thread has no deadline, as nothing can
    /// interrupt it; [`SlowCalls`](crate::observe::SlowCalls) reports it.
    ///
    /// ```
    /// use qapi_core::prelude::*;
    /// use std::time::Duration;
    ///
    /// let server = Server::new().call_deadline(Duration::from_secs(60));
    /// # let _ = server;
    /// ```
    pub fn call_deadline(mut self, deadline: Duration) -> Self {
        self.options = self.options.call_deadline(deadline);
        self
    }

    /// Runs `hook` when a session ends, for example to release what its client reserved. Several
    /// hooks run in the order in which they were added. A hook must be quick, as it runs on the
    /// server's thread. A call of the session may still be in flight.
    ///
    /// ```
    /// use qapi_core::prelude::*;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// /// The number of commands that a client has executed.
    /// #[derive(Default)]
    /// struct Executed(AtomicU64);
    ///
    /// let server = Server::new().on_session_end(|session| {
    ///     let executed = session.data::<Executed>().0.load(Ordering::Relaxed);
    ///     println!("session {} executed {executed} commands", session.id());
    /// });
    /// # let _ = server;
    /// ```
    pub fn on_session_end(
        mut self,
        hook: impl Fn(&SessionContext) + Send + Sync + 'static,
    ) -> Self {
        self.options = self.options.on_session_end(hook);
        self
    }

    /// Runs `work` beside the server: from its start until its last session is closed. The future
    /// is dropped then.
    ///
    /// ```
    /// use qapi_core::prelude::*;
    /// use std::time::Duration;
    ///
    /// let heartbeat = async {
    ///     loop {
    ///         println!("alive");
    ///         tokio::time::sleep(Duration::from_secs(60)).await;
    ///     }
    /// };
    /// let server = Server::new().background(heartbeat);
    /// # let _ = server;
    /// ```
    pub fn background(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.background.0.push(Box::pin(work));
        self
    }

    /// The handle that adds and removes listeners while this server runs.
    #[must_use]
    pub fn listeners(&self) -> Listeners {
        self.changes.0.clone()
    }

    /// Lets each client choose the events that it receives, by the command
    /// `__org.qapi-rs_select-events`; see
    /// [`event_selection`].
    ///
    /// A custom [`registry`](Self::registry) must already have the command.
    pub fn enable_event_selection(mut self) -> Self {
        self.registrations.extend(event_selection::registrations());
        self
    }

    /// Records metrics of calls, sessions and events. Requires the feature `metrics`.
    #[cfg(feature = "metrics")]
    pub fn record_metrics(mut self, metrics: Metrics) -> Self {
        self.options = self.options.call_hook(CallMetrics);
        self.events.record_metrics();
        let events = self.events.clone();
        self.background(async move {
            loop {
                metrics.record_sample(&events.pending_output());
                tokio::time::sleep(metrics.sample_interval()).await;
            }
        })
    }
}
