//! A branch with a word of a member.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind", tag = Kind)]
enum Node {
    #[qapi(name = "file")]
    File(File),
}

fn main() {}
