//! A conditional discriminator.

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

#[qapi_union(tag = Kind)]
enum Branches {
    File(File),
    Null,
}

#[qapi_union]
struct Node {
    #[cfg(all())]
    #[qapi(discriminator)]
    kind: Branches,
}

fn main() {}
