//! A union on an enum without the enum of its discriminator.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind")]
enum Node {
    File(File),
}

fn main() {}
