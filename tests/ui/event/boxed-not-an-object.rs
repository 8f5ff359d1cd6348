//! Boxed data whose type has no members.

use qapi_core::qapi_event;

#[qapi_event(boxed)]
struct LevelChanged(String);

fn main() {}
