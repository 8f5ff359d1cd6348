//! A value of a QAPI enum has no number.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    Low = 1,
}

fn main() {}
