//! A value with a number beside a value with data.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    Low = 1,
    High(i64),
}

fn main() {}
