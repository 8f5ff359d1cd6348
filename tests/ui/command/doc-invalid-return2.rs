//! A section on what is returned, where nothing is.

use qapi_core::qapi_command;

/// Pauses all jobs.
///
/// # Returns
/// How many.
#[qapi_command]
fn jobs_pause() -> qapi_core::Result<()> {
    Ok(())
}

fn main() {}
