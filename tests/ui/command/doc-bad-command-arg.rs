//! A comment that describes an argument that does not exist.

use qapi_core::qapi_command;

/// Pauses a job.
///
/// @ed: the job
#[qapi_command]
fn job_pause(id: &str, force: Option<bool>) {
    let _ = (id, force);
}

fn main() {}
