//! A comment that describes a feature that does not exist.

use qapi_core::qapi_command;

/// Pauses all jobs.
///
/// @slow: it takes its time
#[qapi_command(features(unstable))]
fn jobs_pause() {}

fn main() {}
