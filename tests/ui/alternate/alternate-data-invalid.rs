//! Alternatives with several types, or with named fields.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    Nothing,
    Two(bool, i64),
    Named { one: bool },
}

fn main() {}
