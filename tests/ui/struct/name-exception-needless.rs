//! A `name_exception` on a name that follows the convention.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(name = "an-id", name_exception)]
    id: String,
}

fn main() {}
