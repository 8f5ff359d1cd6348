//! A discriminator whose type is the enum in place of the branches.

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

#[qapi_union]
struct Node {
    #[qapi(discriminator)]
    kind: Kind,
}

fn main() {}
