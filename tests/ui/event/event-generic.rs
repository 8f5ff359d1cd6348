//! An event with a generic parameter.

use qapi_core::qapi_event;

#[qapi_event]
struct JobDone<T> {
    other: T,
}

fn main() {}
