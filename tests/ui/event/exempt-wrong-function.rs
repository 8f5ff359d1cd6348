//! A function that is not a condition of the event.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = "1s", exempt = is_high)]
struct LevelChanged {
    level: u8,
}

fn is_high(level: u8) -> bool {
    level > 90
}

fn main() {}
