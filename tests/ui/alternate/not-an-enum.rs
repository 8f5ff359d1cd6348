//! The attribute of an alternate on a struct.

use qapi_core::qapi_alternate;

#[qapi_alternate]
struct Choice {
    one: bool,
}

fn main() {}
