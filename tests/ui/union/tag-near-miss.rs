//! A misspelt `tag`.

use qapi_core::{qapi_enum, qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    File,
}

#[qapi_union(discriminator = "kind", tga = Kind)]
enum Node {
    File,
}

fn main() {}
