//! The name of a discriminator without branches.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    Plain,
}

#[qapi_struct]
struct Base {
    kind: Kind,
}

#[qapi_union(tag = Kind)]
enum Branches {
    Plain,
}

#[qapi_union(discriminator = "kind")]
struct Thing {
    #[qapi(base)]
    base: Base,
}

fn main() {}
