//! A value with a character that no name has.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[qapi(name = "high!")]
    High,
}

fn main() {}
