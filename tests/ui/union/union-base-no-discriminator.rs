//! A union whose members select no branch.

use qapi_core::qapi_union;

#[qapi_union]
struct Node {
    kind: String,
}

fn main() {}
