//! A variant that is written twice.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    Low,
    Low,
}

fn main() {}
