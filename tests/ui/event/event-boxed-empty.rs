//! Boxed data without a field.

use qapi_core::qapi_event;

#[qapi_event(boxed)]
struct LevelChanged;

fn main() {}
