//! A member with a reserved name.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    q_unix: String,
}

fn main() {}
