//! A comment that describes a value that does not exist.

use qapi_core::qapi_enum;

/// What a job does.
///
/// @runing: it works
#[qapi_enum]
enum JobStatus {
    Running,
    Paused,
}

fn main() {}
