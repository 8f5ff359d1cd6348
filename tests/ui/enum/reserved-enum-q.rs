//! A value whose name is kept for the generator.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Kind {
    #[qapi(name = "q-unix")]
    Unix,
}

fn main() {}
