//! An alternative of a type that is none of QAPI.

use qapi_core::qapi_alternate;

struct Other;

#[qapi_alternate]
enum Choice {
    One(Other),
}

fn main() {}
