//! A string in place of a word.

use qapi_core::qapi_union;

#[qapi_union("1.0")]
enum Node {
    File,
}

fn main() {}
