//! Words that are given twice.

use qapi_core::qapi_struct;

#[qapi_struct(since = "1.0", since = "2.0")]
struct Info {
    #[qapi(name = "a")]
    #[qapi(name = "b")]
    id: String,
}

fn main() {}
