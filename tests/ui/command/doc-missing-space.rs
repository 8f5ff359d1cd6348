//! A heading without a space.

use qapi_core::qapi_command;

/// Counts jobs.
///
/// #Returns
/// How many there are.
#[qapi_command(returns_exception)]
fn count_jobs() -> i64 {
    0
}

fn main() {}
