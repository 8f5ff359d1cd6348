//! A comment that describes a member that does not exist.

use qapi_core::qapi_event;

/// Emitted when a job has ended.
///
/// @job: which one
#[qapi_event]
struct JobEnded {
    id: String,
}

fn main() {}
