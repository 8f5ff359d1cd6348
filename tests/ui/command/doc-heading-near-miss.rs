//! Headings of sections, misspelt.

use qapi_core::qapi_command;

/// Counts jobs.
///
/// # Return
/// How many there are.
///
/// # errors
/// None.
#[qapi_command(returns_exception)]
fn count_jobs() -> qapi_core::Result<i64> {
    Ok(0)
}

fn main() {}
