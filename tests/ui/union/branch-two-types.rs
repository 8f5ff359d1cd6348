//! A branch with two types.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    Pair,
}

#[qapi_struct]
struct Part {
    size: u64,
}

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    Pair(Part, Part),
}

fn main() {}
