//! An unknown word on a value.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[qapi(rename = "lowest")]
    Low,
}

fn main() {}
