//! Data as a word of the attribute.

use qapi_core::qapi_event;

#[qapi_event(data = "JobInfo")]
struct JobDone {
    id: String,
}

fn main() {}
