//! A base of any type.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Kind {
    File,
}

#[qapi_struct]
struct File {
    size: i64,
}

#[qapi_union(tag = Kind)]
enum Branches {
    File(File),
}

#[qapi_union]
struct Node {
    #[qapi(base)]
    base: serde_json::Value,
    #[qapi(discriminator)]
    kind: Branches,
}

fn main() {}
