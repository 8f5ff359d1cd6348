//! Values as a word of the attribute.

use qapi_core::qapi_enum;

#[qapi_enum(data = ["low", "high"])]
enum Level {
    Low,
}

fn main() {}
