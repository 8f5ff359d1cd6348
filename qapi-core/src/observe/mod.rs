//! Observation of a running server: hooks around every call, logs and metrics.
//!
//! A [`CallHook`] runs before and after each command. [`Server::call_hook`] adds it; several hooks
//! run in the order in which they were added. Ready-made hooks:
//! - [`AuditLog`]: a line in the log for each command
//! - [`SlowCalls`]: a warning about a function that occupied the server's thread for too long
//!
//! With the feature `metrics`, `Server::record_metrics` counts and measures calls, sessions and
//! events.
//!
//! Two more logs are not hooks, as they need more than the facts of a call:
//! - [`Server::trace_calls`]: a `tracing` span around each function, so that the lines that the
//!   function logs name its command and its session
//! - [`Server::log_traffic`] with a [`TrafficLog`]: all messages in both directions
//!
//! A server without hooks and logs reads no clock during a dispatch.
//!
//! ```
//! use qapi_core::observe::{AuditLog, CallEnd, CallHook, CallInfo, SlowCalls, TrafficLog};
//! use qapi_core::prelude::*;
//!
//! /// Refuses all commands that are marked unstable.
//! struct StableOnly;
//!
//! impl CallHook for StableOnly {
//!     fn before(&self, call: &CallInfo<'_>) -> qapi_core::Result<()> {
//!         if call.features().iter().any(|feature| feature.name == "unstable") {
//!             return Err(format!("The command {} is unstable", call.command()).into());
//!         }
//!         Ok(())
//!     }
//!
//!     fn after(&self, call: &CallInfo<'_>, end: &CallEnd) {
//!         println!("{} ended in {:?}: {}", call.command(), end.ran, end.outcome);
//!     }
//! }
//!
//! let server = Server::new()
//!     .call_hook(StableOnly)
//!     .call_hook(AuditLog::new())
//!     .call_hook(SlowCalls::default())
//!     .trace_calls()
//!     .log_traffic(TrafficLog::new().except("query-*")?);
//! # let _ = server;
//! # Ok::<(), qapi_core::Error>(())
//! ```
//!
//! [`Server::call_hook`]: crate::Server::call_hook
//! [`Server::trace_calls`]: crate::Server::trace_calls
//! [`Server::log_traffic`]: crate::Server::log_traffic

pub(crate) mod call;
pub(crate) mod hooks;
mod logs;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
mod redact;
pub(crate) mod tracker;
pub(crate) mod traffic;

pub use call::{CallEnd, CallInfo, CallOutcome, RejectedRequest};
pub use hooks::CallHook;
pub use logs::{AuditLog, DEFAULT_SLOW_CALL, SlowCalls};
#[cfg(feature = "metrics")]
pub use metrics::{DEFAULT_SAMPLE_INTERVAL, Metrics};
pub use traffic::TrafficLog;
