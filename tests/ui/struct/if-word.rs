//! A condition as in the schema language.

use qapi_core::qapi_struct;

#[qapi_struct(if = "unix")]
struct Info {
    #[qapi(if = "unix")]
    path: String,
}

fn main() {}
