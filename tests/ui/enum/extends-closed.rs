//! An enum that extends an enum without an open variant.

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
