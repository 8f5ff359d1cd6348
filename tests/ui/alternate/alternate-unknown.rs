//! An alternative whose type is no QAPI type.

use qapi_core::qapi_alternate;

struct Other;

#[qapi_alternate]
enum Choice {
    One(Other),
}

fn main() {}
