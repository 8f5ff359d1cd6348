//! Words without their values.

use qapi_core::qapi_struct;

#[qapi_struct(since, name = Info)]
struct Info {
    #[qapi(name("a"))]
    id: String,
}

fn main() {}
