//! The attribute of an enum on a struct.

use qapi_core::qapi_enum;

#[qapi_enum]
struct Level {
    low: i64,
}

fn main() {}
