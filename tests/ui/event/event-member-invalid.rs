//! A member of a type that is none of QAPI.

use qapi_core::qapi_event;

struct Other;

#[qapi_event]
struct JobDone {
    other: Other,
}

fn main() {}
