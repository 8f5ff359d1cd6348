//! A `tag` that is a string.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind", tag = "Kind")]
enum Node {
    File,
}

fn main() {}
