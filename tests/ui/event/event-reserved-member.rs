//! A member with a reserved name.

use qapi_core::qapi_event;

#[qapi_event]
struct JobDone {
    has_error: bool,
}

fn main() {}
