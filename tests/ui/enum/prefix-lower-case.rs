//! A prefix that no name of C has.

use qapi_core::qapi_enum;

#[qapi_enum(prefix = "bad-prefix")]
enum Level {
    Low,
}

fn main() {}
