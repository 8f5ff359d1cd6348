//! A prefix in lower case.

use qapi_core::qapi_enum;

#[qapi_enum(prefix = "bad-prefix")]
enum Level {
    Low,
}

fn main() {}
