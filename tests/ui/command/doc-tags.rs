//! Sections that begin with the schema language's tags.

use qapi_core::qapi_command;

/// Counts jobs.
///
/// Returns: how many there are
///
/// Errors:
///     - if there are too many
///
/// Since: 2.3
#[qapi_command(returns_exception)]
fn count_jobs() -> qapi_core::Result<i64> {
    Ok(0)
}

fn main() {}
