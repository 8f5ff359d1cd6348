//! Boxed data with a second field.

use qapi_core::{qapi_event,qapi_struct};

#[qapi_struct]
struct Level {
    level: i64,
}

#[qapi_event(boxed)]
struct LevelChanged {
    level: Level,
    id: String,
}

fn main() {}
