//! A value in place of the words of an attribute.

use qapi_core::qapi_enum;

#[qapi_enum = "1.0"]
enum Kind {
    File,
}

fn main() {}
