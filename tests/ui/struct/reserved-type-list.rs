//! A type with a reserved name.

use qapi_core::qapi_struct;

#[qapi_struct]
struct InfoList {
    id: String,
}

fn main() {}
