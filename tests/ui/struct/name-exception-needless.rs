//! An exemption from a convention that is kept.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(name = "an-id", name_exception)]
    id: String,
}

fn main() {}
