//! Two types that contain each other.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Tree {
    root: Option<Branch>,
}

#[qapi_struct]
struct Branch {
    tree: Option<Tree>,
}

fn main() {}
