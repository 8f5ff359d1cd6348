//! A condition that is none, on an alternative.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Alt {
    #[cfg(" ")]
    Branch(i64),
}

fn main() {}
