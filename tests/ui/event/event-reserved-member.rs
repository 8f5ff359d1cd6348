//! A member with a name that the generator keeps for itself.

use qapi_core::qapi_event;

#[qapi_event]
struct JobDone {
    has_error: bool,
}

fn main() {}
