//! A key of an event that carries nothing.

use qapi_core::qapi_event;

#[qapi_event(rate_limit = "1s", key = "id")]
struct LevelChanged;

fn main() {}
