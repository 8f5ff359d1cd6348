//! A value whose name has a character that QAPI does not know.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[qapi(name = "not^possible")]
    Low,
}

fn main() {}
