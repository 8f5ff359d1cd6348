//! A discriminator with a unit.

use qapi_core::{qapi_enum,qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    Plain,
}

#[qapi_union(tag = Kind)]
enum Branches {
    Plain,
}

#[qapi_union]
struct Thing {
    #[qapi(discriminator, unit = "ms")]
    kind: Branches,
}

fn main() {}
