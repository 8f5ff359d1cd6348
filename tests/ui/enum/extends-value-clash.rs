//! Additional values of the same name.

use qapi_core::{OpenValue,qapi_enum};

#[qapi_enum]
enum Shape {
    #[qapi(open)]
    Other(OpenValue<Shape>),
}

#[qapi_enum(extends = Shape)]
enum MyShape {
    Square,
    #[qapi(name = "square")]
    Quadrangle,
    #[qapi(name = "Rectangle")]
    Rectangle,
}

fn main() {}
