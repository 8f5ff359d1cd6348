//! Words of a definition on an enum that extends another one.

use qapi_core::{OpenValue,qapi_enum};

#[qapi_enum]
enum Shape {
    Round,
    #[qapi(open)]
    Other(OpenValue<Shape>),
}

#[qapi_enum(extends = Shape, name = "MyShape", since = "1.0", prefix = "MY")]
enum MyShape {
    Square,
}

fn main() {}
