//! `#[qapi(…)]` on the item.

use qapi_core::qapi_struct;

#[qapi_struct]
#[qapi(since = "1.0")]
struct Info {
    id: String,
}

fn main() {}
