//! Values added to an enum that is not open.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Shape {
    Round,
}

#[qapi_enum(extends = Shape)]
enum MyShape {
    Square,
}

fn main() {}
