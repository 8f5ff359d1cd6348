//! A value whose name contains an invalid character.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[qapi(name = "high!")]
    High,
}

fn main() {}
