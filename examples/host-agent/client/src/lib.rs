//! The interface of the host agent for Rust clients: its types, its events, and declarations of the
//! commands that clients use. The crate has no function of the server.

use qapi_core::prelude::*;

/// The host and its load.
#[qapi_struct(since = "1.0")]
#[derive(Debug)]
pub struct HostInfo {
    /// The name of the host.
    pub name: String,
    /// The number of processes that ran or waited for a processor, on average over a minute.
    pub load: f64,
    /// The memory in bytes.
    pub memory: u64,
    /// The memory in bytes that sessions have reserved.
    pub reserved: u64,
}

/// A file system of the host.
#[qapi_struct(since = "1.0")]
#[derive(Debug)]
pub struct MountInfo {
    /// The folder at which it is mounted.
    pub path: String,
    /// Its type, such as `ext4`.
    pub format: String,
}

/// A label of the host, for managers that place work by labels.
#[qapi_struct(since = "1.0")]
#[derive(Debug, PartialEq)]
pub struct Label {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// The maintenance of the host.
#[qapi_struct(since = "1.0")]
#[derive(Debug, Clone, Default)]
pub struct MaintenanceInfo {
    /// Why the host is in maintenance. Absent if it is not.
    pub reason: Option<String>,
}

/// A session of the agent.
#[qapi_struct(since = "1.0")]
#[derive(Debug, Clone, PartialEq)]
pub struct SessionInfo {
    /// The number of the session.
    pub id: u64,
    /// The name that the client gave it.
    pub name: Option<String>,
    /// The memory in bytes that the session has reserved.
    pub reserved: u64,
}

/// Emitted when a label was set or removed.
#[qapi_event(since = "1.0")]
#[derive(Debug, PartialEq)]
pub struct LabelChanged {
    /// The name of the label.
    pub name: String,
    /// The new value. Absent if the label was removed.
    pub value: Option<String>,
}

/// Emitted when a session has reserved memory.
#[qapi_event(since = "1.0", boxed)]
#[derive(Debug)]
pub struct MemoryReserved(pub SessionInfo);

/// Emitted when a session has released its memory, or has ended.
#[qapi_event(since = "1.0")]
#[derive(Debug)]
pub struct MemoryReleased {
    /// The number of the session.
    pub session: u64,
    /// The memory in bytes.
    pub bytes: u64,
}

/// Emitted when the maintenance of the host has begun or ended.
#[qapi_event(since = "1.0", boxed)]
#[derive(Debug)]
pub struct MaintenanceChanged(pub MaintenanceInfo);

/// Emitted when the load has changed, at most once in five seconds unless the host is overloaded.
#[qapi_event(since = "1.0", rate_limit = "5s", exempt = is_overload)]
#[derive(Debug)]
pub struct LoadChanged {
    /// The load, as in `HostInfo`.
    pub load: f64,
    /// Whether the load exceeds the number of processors.
    pub overload: bool,
}

/// Managers act on an overload, so that the rate limit never defers it.
fn is_overload(event: &LoadChanged) -> bool {
    event.overload
}

/// Returns information about the host.
#[qapi_command(since = "1.0")]
pub fn query_host() -> HostInfo;

/// Returns all labels.
#[qapi_command(since = "1.0")]
pub fn query_labels() -> Vec<Label>;

/// Sets a label.
#[qapi_command(since = "1.0")]
pub fn label_set(name: &str, value: &str);

/// Begins the maintenance of the host.
#[qapi_command(since = "1.0")]
pub fn maintenance_begin(reason: &str);

/// Reserves memory until the end of the session.
#[qapi_command(since = "1.0")]
pub fn memory_reserve(bytes: u64) -> SessionInfo;

/// Sets the name of the caller's session.
#[qapi_command(since = "1.0")]
pub fn session_set_name(name: &str);

/// Returns information about the caller's session.
#[qapi_command(since = "1.0")]
pub fn query_session() -> SessionInfo;

/// Starts a job that measures the files in a folder.
#[qapi_command(since = "1.0")]
pub fn folder_measure(job_id: &str, folder: &str);

/// All commands and events of this crate, for
/// [`Client::check_schema`](qapi_core::client::Client::check_schema).
pub fn declarations() -> Vec<&'static qapi_core::Definition> {
    qapi_core::client::declarations(env!("CARGO_PKG_NAME"))
}
