//! A key that is no member, as members are named on the wire.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = "1s", key = "tank_id")]
struct LevelChanged {
    tank_id: String,
    level: u32,
}

fn main() {}
