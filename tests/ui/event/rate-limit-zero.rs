//! A rate limit of zero.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = "0s")]
struct LevelChanged {
    level: u32,
}

fn main() {}
