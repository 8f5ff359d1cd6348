//! A comment that describes a member of a branch.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

#[qapi_enum]
enum Kind {
    File,
}

#[qapi_struct]
struct File {
    name: String,
}

/// A node.
///
/// @name: what it is called
#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    File(File),
}

fn main() {}
