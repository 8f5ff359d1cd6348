//! A variant for values of other crates that holds none.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Shape {
    Round,
    #[qapi(open)]
    Other,
}

fn main() {}
