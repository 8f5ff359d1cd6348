//! A version in a word and in a section.

use qapi_core::qapi_struct;

/// Information about a job.
///
/// # Since
/// 2.3
#[qapi_struct(since = "2.4")]
struct JobInfo {
    id: String,
}

fn main() {}
