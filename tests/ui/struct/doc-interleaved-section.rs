//! A comment of a struct that describes a member.

use qapi_core::qapi_struct;

/// Information about a job.
///
/// # Examples
/// None yet.
///
/// @id: the job
#[qapi_struct]
struct JobInfo {
    id: String,
}

fn main() {}
