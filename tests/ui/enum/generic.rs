//! An enum with a generic parameter.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level<const N: usize> {
    Low,
}

fn main() {}
