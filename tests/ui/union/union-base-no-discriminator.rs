//! A union without a discriminator.

use qapi_core::qapi_union;

#[qapi_union]
struct Node {
    kind: String,
}

fn main() {}
