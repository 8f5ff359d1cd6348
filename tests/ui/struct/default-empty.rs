//! A default without a value.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(default =)]
    tries: i64,
    #[qapi(default(4))]
    more: i64,
}

fn main() {}
