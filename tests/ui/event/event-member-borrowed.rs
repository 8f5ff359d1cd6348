//! A member of a borrowed type.

use qapi_core::qapi_event;

#[qapi_event]
struct JobDone {
    id: &'static str,
}

fn main() {}
