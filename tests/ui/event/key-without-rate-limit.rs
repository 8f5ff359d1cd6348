//! A key without a rate limit.

use qapi_core::qapi_event;

#[qapi_event(key = "id")]
struct LevelChanged {
    id: String,
}

fn main() {}
