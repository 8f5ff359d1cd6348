//! The base in the attribute of the struct.

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
