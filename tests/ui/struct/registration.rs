//! `registration` on a struct.

use qapi_core::qapi_struct;

/// How long a lamp is lit.
#[qapi_struct(registration = BLINK_INFO)]
struct BlinkInfo {
    seconds: i64,
}

fn main() {}
