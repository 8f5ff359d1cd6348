//! An open variant whose type belongs to another enum.

use qapi_core::{OpenValue,qapi_enum};

#[qapi_enum]
enum Colour {
    #[qapi(open)]
    Other(OpenValue<Colour>),
}

#[qapi_enum]
enum Shape {
    #[qapi(open)]
    Other(OpenValue<Colour>),
}

fn main() {}
