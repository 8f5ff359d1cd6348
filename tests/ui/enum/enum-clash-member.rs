//! Two values with the same name in C.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    OneTwo,
    #[qapi(name = "one_two", name_exception)]
    Other,
}

fn main() {}
