//! A branch that is a list.

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

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    File(Vec<File>),
    Null,
}

fn main() {}
