//! A section without a text.

use qapi_core::qapi_command;

/// Pauses all jobs.
///
/// # Errors
#[qapi_command]
fn jobs_pause() -> qapi_core::Result<()> {
    Ok(())
}

fn main() {}
