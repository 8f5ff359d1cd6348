//! Arguments described in the comment of their command.

use qapi_core::qapi_command;

/// Pauses a job.
///
/// # Arguments
/// * `id` - the job
#[qapi_command]
fn job_pause(id: &str) {
    let _ = id;
}

fn main() {}
