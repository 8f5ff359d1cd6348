//! A name that is no string.

use qapi_core::qapi_struct;

#[qapi_struct(name = true)]
struct Info {
    id: String,
}

fn main() {}
