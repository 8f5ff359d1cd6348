//! A section that only commands have.

use qapi_core::qapi_event;

/// Emitted when all jobs have ended.
///
/// # Returns
/// How many there were.
#[qapi_event]
struct JobsEnded {
    count: i64,
}

fn main() {}
