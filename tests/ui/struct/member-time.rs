//! A time of the system as a member.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Mark {
    at: std::time::SystemTime,
}

fn main() {}
