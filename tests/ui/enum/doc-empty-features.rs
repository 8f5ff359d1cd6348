//! An empty list of features, as in the schema language.

use qapi_core::qapi_enum;

/// What a job does.
///
/// Features:
#[qapi_enum]
enum JobStatus {
    Running,
}

fn main() {}
