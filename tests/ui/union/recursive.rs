//! A branch that contains the union.

use qapi_core::{qapi_enum, qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    Filter,
    File,
}

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    Filter(Node),
    File,
}

fn main() {}
