//! An alternative that owns nothing.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    One(&'static str),
}

fn main() {}
