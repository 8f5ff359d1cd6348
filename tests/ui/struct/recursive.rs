//! A struct that contains itself.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Tree {
    child: Option<Tree>,
}

fn main() {}
