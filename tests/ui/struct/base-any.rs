//! A base of any type.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(base)]
    base: String,
}

fn main() {}
