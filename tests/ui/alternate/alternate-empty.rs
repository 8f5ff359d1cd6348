//! An alternate without alternatives.

use qapi_core::qapi_alternate;

#[qapi_alternate]
enum Choice {}

fn main() {}
