//! A conditional member.

use qapi_core::qapi_event;

#[qapi_event]
struct Ran {
    #[cfg(test)]
    one: i64,
    two: i64,
}

fn main() {}
