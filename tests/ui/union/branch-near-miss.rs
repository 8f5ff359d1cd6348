//! A branch with a misspelt name.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    File,
}

#[qapi_struct]
struct File {
    size: i64,
}

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    Fiel(File),
}

fn main() {}
