//! Values with data.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    Low,
    Other(String),
    Range { low: i64 },
}

fn main() {}
