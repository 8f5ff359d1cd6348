//! A discriminator with an invalid name.

use qapi_core::qapi_union;

#[qapi_union(discriminator = "type_tag", tag = Kind)]
enum Node {
    File(File),
}

fn main() {}
