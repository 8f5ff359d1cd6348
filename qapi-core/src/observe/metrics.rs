//! Metrics of calls, sessions and events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::metrics::{counter, gauge, histogram};

use super::call::{CallEnd, CallInfo, RejectedRequest};
use super::hooks::CallHook;

/// The time between two samples of the gauges by default. Prometheus usually reads every 15 s.
pub const DEFAULT_SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// Records metrics of a server through the crate `metrics`; a program installs the recorder, for
/// example an exporter for Prometheus. Requires the feature `metrics`.
///
/// | Metric | Labels | Meaning |
/// |---|---|---|
/// | `qmp_calls_total` | `command`, `outcome` | calls that ended; see [`CallOutcome::as_str`](super::CallOutcome::as_str) |
/// | `qmp_call_wait_seconds` | `command` | histogram of the time until the function began |
/// | `qmp_call_run_seconds` | `command` | histogram of the time in the function |
/// | `qmp_requests_rejected_total` | | requests for commands that do not exist, or that the session may not execute |
/// | `qmp_events_sent_total` | `event` | events that were sent to the clients, each counted once |
/// | `qmp_events_deferred_total` | `event` | events that a rate limit deferred |
/// | `qmp_events_dropped_total` | `event` | deferred events that a later event replaced |
/// | `qmp_sessions` | | gauge: sessions |
/// | `qmp_output_pending_bytes` | | gauge: bytes of output that the clients have not accepted |
///
/// The names of commands and events are those of the schema, so that clients cannot add labels.
/// Gauges are sampled every second. [`sample`](Self::sample) adds gauges of the program.
///
/// ```
/// use qapi_core::Server;
/// use qapi_core::observe::Metrics;
///
/// let disks = || metrics::gauge!("disks").set(2.0);
/// let server = Server::new().record_metrics(Metrics::new().sample(disks));
/// # let _ = server;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Metrics {
    samplers: Vec<Arc<dyn Fn() + Send + Sync>>,
    interval: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// The metrics of the table.
    pub fn new() -> Self {
        Self { samplers: Vec::new(), interval: DEFAULT_SAMPLE_INTERVAL }
    }

    /// Calls `sampler` with each sample, on the server's thread.
    pub fn sample(mut self, sampler: impl Fn() + Send + Sync + 'static) -> Self {
        self.samplers.push(Arc::new(sampler));
        self
    }

    /// Sets the time between two samples; one second by default.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Records the gauges of the sessions, whose unread output is in `pending`, and of the program.
    #[cfg(feature = "server")]
    pub(crate) fn record_sample(&self, pending: &[usize]) {
        gauge!("qmp_sessions").set(pending.len() as f64);
        gauge!("qmp_output_pending_bytes").set(pending.iter().sum::<usize>() as f64);
        for sampler in &self.samplers {
            sampler();
        }
    }

    /// The time between two samples.
    #[cfg(feature = "server")]
    pub(crate) fn sample_interval(&self) -> Duration {
        self.interval
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("interval", &self.interval).finish_non_exhaustive()
    }
}

/// Counts and measures calls.
#[derive(Debug)]
pub(crate) struct CallMetrics;

impl CallHook for CallMetrics {
    fn after(&self, call: &CallInfo<'_>, end: &CallEnd) {
        let command = call.command();
        let outcome = end.outcome.as_str();
        counter!("qmp_calls_total", "command" => command, "outcome" => outcome).increment(1);
        histogram!("qmp_call_wait_seconds", "command" => command).record(end.waited);
        histogram!("qmp_call_run_seconds", "command" => command).record(end.ran);
    }

    fn rejected(&self, _: &RejectedRequest<'_>) {
        counter!("qmp_requests_rejected_total").increment(1);
    }
}

/// What happened to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventFate {
    Sent,
    Deferred,
    Dropped,
}

/// Counts one event.
pub(crate) fn count_event(event: &'static str, fate: EventFate) {
    let name = match fate {
        EventFate::Sent => "qmp_events_sent_total",
        EventFate::Deferred => "qmp_events_deferred_total",
        EventFate::Dropped => "qmp_events_dropped_total",
    };
    counter!(name, "event" => event).increment(1);
}
