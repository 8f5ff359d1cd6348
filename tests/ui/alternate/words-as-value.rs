//! A value in place of the words of an attribute.

use qapi_core::qapi_alternate;

#[qapi_alternate = "1.0"]
enum Ref {
    Number(i64),
}

fn main() {}
