//! A base of an integer type.

use qapi_core::{qapi_enum, qapi_union};

#[qapi_enum]
enum Kind {
    One,
}

#[qapi_union(tag = Kind)]
enum Branches {
    One,
}

#[qapi_union]
struct Info {
    #[qapi(base)]
    base: i64,
    #[qapi(discriminator)]
    kind: Branches,
}

fn main() {}
