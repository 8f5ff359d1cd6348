//! An enum that extends another one and has no values.

use qapi_core::{OpenValue,qapi_enum};

#[qapi_enum]
enum Shape {
    #[qapi(open)]
    Other(OpenValue<Shape>),
}

#[qapi_enum(extends = Shape)]
enum MyShape {}

fn main() {}
