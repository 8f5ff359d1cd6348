//! An alternative with a discriminant.

use qapi_core::qapi_alternate;

#[qapi_alternate]
#[repr(u8)]
enum Choice {
    One(bool) = 1,
}

fn main() {}
