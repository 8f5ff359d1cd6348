//! A comment that names its command, as the schema language wants it.

use qapi_core::qapi_command;

/// @job-pause
///
/// Pauses a job.
#[qapi_command]
fn job_pause(id: &str) {
    let _ = id;
}

fn main() {}
