//! A name that the schema language has taken.

use qapi_core::qapi_enum;

#[qapi_enum]
enum QType {
    Low,
}

fn main() {}
