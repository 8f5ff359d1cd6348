//! Words of serde.

use qapi_core::qapi_struct;

#[qapi_struct(rename_all = "kebab-case")]
struct Info {
    #[qapi(rename = "id")]
    name: String,
    #[qapi(flatten)]
    rest: String,
    #[qapi(skip)]
    cache: i64,
}

fn main() {}
