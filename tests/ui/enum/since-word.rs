//! Invalid versions.

use qapi_core::qapi_enum;

#[qapi_enum(since = "v1")]
enum Level {
    #[qapi(since = "2.")]
    Low,
}

fn main() {}
