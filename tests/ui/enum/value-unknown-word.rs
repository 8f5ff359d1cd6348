//! A word that values do not have.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[qapi(rename = "lowest")]
    Low,
}

fn main() {}
