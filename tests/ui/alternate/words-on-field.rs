//! `#[qapi(…)]` on the field of a variant.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    One(#[qapi(name = "first")] bool),
}

fn main() {}
