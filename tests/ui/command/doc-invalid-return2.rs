//! A section `Returns` of a command that returns nothing.

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
