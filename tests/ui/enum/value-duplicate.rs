//! Two values of the same name.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    Low,
    #[qapi(name = "low")]
    Lower,
}

fn main() {}
