//! An event with a base.

use qapi_core::qapi_event;

#[qapi_event]
struct JobDone {
    #[qapi(base)]
    base: Other,
}

fn main() {}
