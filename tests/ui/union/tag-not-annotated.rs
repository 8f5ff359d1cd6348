//! A `tag` that is a plain enum.

use qapi_core::qapi_union;

#[derive(Clone, Copy)]
enum Kind {
    File,
    Null,
}

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    File,
    Null,
}

fn main() {}
