//! An alternative with an invalid `cfg`.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Alt {
    #[cfg(" ")]
    Branch(i64),
}

fn main() {}
