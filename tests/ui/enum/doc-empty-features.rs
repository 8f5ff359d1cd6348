//! A list of features as the schema language begins it, and none in it.

use qapi_core::qapi_enum;

/// What a job does.
///
/// Features:
#[qapi_enum]
enum JobStatus {
    Running,
}

fn main() {}
