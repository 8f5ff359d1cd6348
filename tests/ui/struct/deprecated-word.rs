//! Special features as words.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi(deprecated)]
    path: String,
    #[qapi(unstable)]
    level: i64,
}

fn main() {}
