//! A comment that names its command, as in the schema language.

use qapi_core::qapi_command;

/// @job-pause
///
/// Pauses a job.
#[qapi_command]
fn job_pause(id: &str) {
    let _ = id;
}

fn main() {}
