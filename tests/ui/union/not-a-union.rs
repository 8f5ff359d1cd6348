//! The attribute of a union on a function.

use qapi_core::qapi_union;

#[qapi_union]
fn node() {}

fn main() {}
