//! Misspelt words.

use qapi_core::qapi_enum;

#[qapi_enum(feature(odd))]
enum Level {
    #[qapi(name_exeption, name = "High")]
    High,
}

fn main() {}
