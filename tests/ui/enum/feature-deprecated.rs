//! A special feature that types cannot have.

use qapi_core::qapi_enum;

#[qapi_enum(features(deprecated))]
enum Level {
    Low,
}

fn main() {}
