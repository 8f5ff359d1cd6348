//! A key that is the field's name and not the member's.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = "1s", key = "tank_id")]
struct LevelChanged {
    tank_id: String,
    level: u32,
}

fn main() {}
