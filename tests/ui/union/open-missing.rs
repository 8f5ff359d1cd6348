//! Branches without one for the open variant.

use qapi_core::{OpenValue,qapi_enum,qapi_union};

#[qapi_enum]
#[derive(Clone, Copy)]
enum Shape {
    Round,
    #[qapi(open)]
    Other(OpenValue<Shape>),
}

#[qapi_union(discriminator = "shape", tag = Shape)]
enum Figure {
    Round,
}

fn main() {}
