//! An alternative in upper case.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {
    #[qapi(name = "One_Two")]
    One(bool),
}

fn main() {}
