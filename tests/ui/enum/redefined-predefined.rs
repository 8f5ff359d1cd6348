//! An enum with the name of a built-in type.

use qapi_core::qapi_enum;

#[qapi_enum]
enum QType {
    Low,
}

fn main() {}
