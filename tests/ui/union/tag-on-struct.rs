//! Words of the branches on the struct that contains them.

use qapi_core::{qapi_enum, qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    File,
}

#[qapi_union(tag = Kind, discriminator = "kind")]
struct Node {
    kind: Kind,
}

fn main() {}
