//! A union without branches.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {}

fn main() {}
