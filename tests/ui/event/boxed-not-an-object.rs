//! Boxed data without members.

use qapi_core::qapi_event;

#[qapi_event(boxed)]
struct LevelChanged(String);

fn main() {}
