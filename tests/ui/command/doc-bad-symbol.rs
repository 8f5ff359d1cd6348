//! A comment that names another command.

use qapi_core::qapi_command;

/// @job-resume:
///
/// Pauses a job.
#[qapi_command]
fn job_pause(id: &str) {
    let _ = id;
}

fn main() {}
