//! Two sections of the same name.

use qapi_core::qapi_command;

/// Counts jobs.
///
/// # Returns
/// How many there are.
///
/// # Errors
/// None.
///
/// # Returns
/// How many have ended.
#[qapi_command(returns_exception)]
fn count_jobs() -> qapi_core::Result<i64> {
    Ok(0)
}

fn main() {}
