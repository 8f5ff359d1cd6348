//! An optional base.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Base {
    id: String,
}

#[qapi_struct]
struct Info {
    #[qapi(base)]
    base: Option<Base>,
}

fn main() {}
