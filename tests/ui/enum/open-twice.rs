//! Two open variants, neither of them the last variant.

use qapi_core::{OpenValue,qapi_enum};

#[qapi_enum]
enum Shape {
    #[qapi(open)]
    Other(OpenValue<Shape>),
    #[qapi(open, since = "1.0")]
    Another(OpenValue<Shape>),
    Round,
}

fn main() {}
