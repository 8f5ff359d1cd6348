//! An alternate with a base.

use qapi_core::qapi_alternate;

#[qapi_alternate(base = Other)]
enum Choice {
    One(bool),
}

fn main() {}
