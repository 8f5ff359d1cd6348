//! Alternatives with the same name in C.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    OneTwo(bool),
    #[qapi(name = "one_two")]
    Other(i64),
}

fn main() {}
