//! A rate limit that is a number.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = 1)]
struct JobDone {
    id: String,
}

fn main() {}
