//! Features in a word and in a section.

use qapi_core::qapi_struct;

/// Information about a job.
///
/// # Features
/// * `fast-pause` - it pauses at once
#[qapi_struct(features(fast_pause = "It pauses at once."))]
struct JobInfo {
    id: String,
}

fn main() {}
