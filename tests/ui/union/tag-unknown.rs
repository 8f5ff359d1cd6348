//! A `tag` that does not exist.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    File,
    Null,
}

fn main() {}
