//! Branches that are more than one type.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    File(File, i64),
    Null { size: i64 },
}

fn main() {}
