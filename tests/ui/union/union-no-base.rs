//! A union without `tag`.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "kind")]
enum Node {
    File(File),
}

fn main() {}
