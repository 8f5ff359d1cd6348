//! `Self` as the type of a member.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Tree {
    child: Option<Box<Self>>,
}

fn main() {}
