//! A word that events do not have.

use qapi_core::qapi_event;

#[qapi_event(allow_oob)]
struct JobDone {
    id: String,
}

fn main() {}
