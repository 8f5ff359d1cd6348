//! A member whose type is no QAPI type.

use qapi_core::qapi_event;

struct Other;

#[qapi_event]
struct JobDone {
    other: Other,
}

fn main() {}
