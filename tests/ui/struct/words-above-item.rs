//! `#[qapi(…)]` above the attribute of the item.

use qapi_core::qapi_struct;

#[qapi(since = "1.0")]
#[qapi_struct]
struct Info {
    id: String,
}

#[qapi(since = "1.0")]
#[derive(Debug)]
#[qapi_struct]
struct Other {
    id: String,
}

fn main() {}
