//! Words of the definition beside the attribute that makes it.

use qapi_core::qapi_struct;

#[qapi_struct]
#[qapi(since = "1.0")]
struct Info {
    id: String,
}

fn main() {}
