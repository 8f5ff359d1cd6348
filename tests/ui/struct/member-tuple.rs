//! A member that is a tuple.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    size: (u32, u32),
}

fn main() {}
