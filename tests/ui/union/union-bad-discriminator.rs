//! A discriminator that is no string.

use qapi_core::qapi_union;

#[qapi_union(discriminator = kind, tag = Kind)]
enum Node {
    File(File),
}

fn main() {}
