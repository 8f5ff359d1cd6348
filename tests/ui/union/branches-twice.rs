//! Two fields with the branches, and a second discriminator.

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
    #[qapi(branches)]
    first: Branches,
    #[qapi(branches, since = "1.0")]
    second: Branches,
    #[qapi(discriminator)]
    third: Branches,
}

fn main() {}
