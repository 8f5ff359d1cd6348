//! A value with a reserved name.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Kind {
    #[qapi(name = "q-unix")]
    Unix,
}

fn main() {}
