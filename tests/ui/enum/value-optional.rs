//! A word that values do not accept.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[qapi(base)]
    High,
}

fn main() {}
