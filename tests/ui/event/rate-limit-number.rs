//! A rate limit without a unit.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = 1)]
struct JobDone {
    id: String,
}

fn main() {}
