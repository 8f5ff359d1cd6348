//! A feature with an attribute that is no condition.

use qapi_core::qapi_struct;

#[qapi_struct(features(
    #[cfg(unix)]
    fast,
    #[doc = "It is slow."]
    slow,
))]
struct Info {
    id: String,
}

fn main() {}
