//! Branches with several types, or with named fields.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    File(File, i64),
    Null { size: i64 },
}

fn main() {}
