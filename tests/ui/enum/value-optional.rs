//! A word that a value cannot have.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[qapi(base)]
    High,
}

fn main() {}
