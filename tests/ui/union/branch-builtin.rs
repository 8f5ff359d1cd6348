//! A branch of a built-in type.

use qapi_core::{qapi_enum, qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    File,
}

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    File(i64),
}

fn main() {}
