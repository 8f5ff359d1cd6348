//! A member without a value.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Mark {
    nothing: (),
}

fn main() {}
