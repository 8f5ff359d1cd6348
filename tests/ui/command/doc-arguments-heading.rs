//! A comment that describes the arguments under a heading.

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
