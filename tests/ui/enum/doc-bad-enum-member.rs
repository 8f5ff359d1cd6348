//! A comment that describes a value that there is not.

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
