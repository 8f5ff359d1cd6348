//! A base that is not the first field.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Base {
    id: String,
}

#[qapi_struct]
struct Info {
    kind: String,
    #[qapi(base)]
    base: Base,
}

fn main() {}
