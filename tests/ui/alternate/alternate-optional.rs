//! An alternative of an optional type.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    One(Option<i64>),
}

fn main() {}
