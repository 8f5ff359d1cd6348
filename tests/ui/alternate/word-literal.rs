//! A string in place of a word.

use qapi_core::qapi_alternate;

#[qapi_alternate("1.0")]
enum Ref {
    Number(i64),
}

fn main() {}
