//! Hooks, logs, metrics, deadlines, the data of sessions, and one set-up for production and tests.

mod deadlines;
mod definitions;
mod event_selection;
mod hooks;
mod in_process;
mod logs;
mod metrics;
mod session_data;
