//! A vendor prefix without a name after it.

use qapi_core::qapi_struct;

#[qapi_struct(name = "__org.example_")]
struct Info {
    id: String,
}

fn main() {}
