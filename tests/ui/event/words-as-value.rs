//! A value in place of the words of an attribute.

use qapi_core::qapi_event;

#[qapi_event = "1.0"]
struct Done {
    size: u64,
}

fn main() {}
