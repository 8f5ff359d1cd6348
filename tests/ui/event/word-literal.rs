//! A string in place of a word.

use qapi_core::qapi_event;

#[qapi_event("1.0")]
struct Done {
    size: u64,
}

fn main() {}
