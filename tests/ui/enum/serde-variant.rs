//! Another name for serde.

use qapi_core::qapi_enum;

#[qapi_enum]
enum Level {
    #[serde(rename = "lo")]
    Low,
    High,
}

fn main() {}
