//! A name that is a boolean.

use qapi_core::qapi_struct;

#[qapi_struct(name = true)]
struct Info {
    id: String,
}

fn main() {}
