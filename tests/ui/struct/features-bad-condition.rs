//! A feature with another attribute than `cfg`.

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
