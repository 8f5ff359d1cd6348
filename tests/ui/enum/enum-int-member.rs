//! A value with a discriminant.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    Low = 1,
}

fn main() {}
