//! A value in place of the words of an attribute.

use qapi_core::qapi_union;

#[qapi_union = "1.0"]
enum Node {
    File,
}

fn main() {}
