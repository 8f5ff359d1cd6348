//! A base as a word of the attribute.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Base {
    id: String,
}

#[qapi_struct(base = Base)]
struct Info {
    size: u64,
}

fn main() {}
