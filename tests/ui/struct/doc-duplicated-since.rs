//! A version that is said twice: by the word, and by a section.

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
