//! The attribute of an event on an enum.

use qapi_core::qapi_event;

#[qapi_event]
enum JobDone {
    One,
}

fn main() {}
