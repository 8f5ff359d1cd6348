//! An open variant without a field.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Shape {
    Round,
    #[qapi(open)]
    Other,
}

fn main() {}
