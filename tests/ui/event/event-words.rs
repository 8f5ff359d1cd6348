//! A word that events do not accept.

use qapi_core::qapi_event;

#[qapi_event(allow_oob)]
struct JobDone {
    id: String,
}

fn main() {}
