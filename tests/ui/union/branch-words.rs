//! A branch with a name of its own.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    #[qapi(name = "file")]
    File(File),
}

fn main() {}
