//! A key of boxed data.

use qapi_core::{qapi_event,qapi_struct};

#[qapi_struct]
struct Level {
    id: String,
}

#[qapi_event(boxed, rate_limit = "1s", key = "id")]
struct LevelChanged(Level);

fn main() {}
