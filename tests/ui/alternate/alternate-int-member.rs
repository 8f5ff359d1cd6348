//! An alternative with a number.

use qapi_core::qapi_alternate;

#[qapi_alternate]
#[repr(u8)]
enum Choice {
    One(bool) = 1,
}

fn main() {}
