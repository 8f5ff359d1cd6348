//! Alternatives that C spells alike.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    OneTwo(bool),
    #[qapi(name = "one_two")]
    Other(i64),
}

fn main() {}
