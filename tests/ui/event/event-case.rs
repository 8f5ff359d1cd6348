//! An event in lower case.

use qapi_core::qapi_event;

#[qapi_event(name = "job-done")]
struct JobDone {
    id: String,
}

fn main() {}
