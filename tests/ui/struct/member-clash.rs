//! Two members of the same name.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    an_id: String,
    #[qapi(name = "an-id")]
    other: String,
}

fn main() {}
