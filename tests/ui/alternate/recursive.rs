//! An alternative that contains the alternate.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Either {
    Number(i64),
    Either(Either),
}

fn main() {}
