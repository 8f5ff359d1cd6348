//! A discriminator that is a string.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

#[qapi_enum]
enum Kind {
    File,
    Null,
}

#[qapi_struct]
struct File {
    name: String,
}

#[qapi_union(discriminator = "kind", tag = String)]
enum Node {
    File(File),
}

fn main() {}
