//! Words of a value on an open variant.

use qapi_core::{OpenValue,qapi_enum};

#[qapi_enum]
enum Shape {
    #[qapi(open, name = "other", since = "1.0")]
    Other(OpenValue<Shape>),
}

fn main() {}
