//! A rate limit without a unit.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = "1000")]
struct LevelChanged {
    level: u32,
}

fn main() {}
