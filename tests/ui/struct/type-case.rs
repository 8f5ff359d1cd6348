//! A type whose name is not CamelCase.

use qapi_core::qapi_struct;

#[qapi_struct]
#[allow(non_camel_case_types)]
struct not_camel_case {
    id: String,
}

fn main() {}
