//! A string in place of a word.

use qapi_core::qapi_enum;

#[qapi_enum("1.0")]
enum Kind {
    File,
}

fn main() {}
