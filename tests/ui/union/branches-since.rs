//! Words of a definition on the branches of another union.

use qapi_core::qapi_union;

#[qapi_union(tag = Kind, since = "1.0", name = "Node")]
enum Node {
    File(File),
}

fn main() {}
