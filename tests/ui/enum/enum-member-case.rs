//! A value in upper case.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[qapi(name = "Low")]
    Low,
}

fn main() {}
