//! Alternatives that are not one type.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    Nothing,
    Two(bool, i64),
    Named { one: bool },
}

fn main() {}
