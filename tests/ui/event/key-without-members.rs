//! A key of an event without members.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = "1s", key = "id")]
struct LevelChanged;

fn main() {}
