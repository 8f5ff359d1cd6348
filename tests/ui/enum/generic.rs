//! A definition with a parameter.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level<const N: usize> {
    Low,
}

fn main() {}
