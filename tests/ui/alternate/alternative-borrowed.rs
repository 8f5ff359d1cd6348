//! An alternative of a borrowed type.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    One(&'static str),
}

fn main() {}
