//! A conditional `derive(Serialize)`.

use qapi_core::qapi_struct;

#[qapi_struct]
#[cfg_attr(all(), derive(serde::Serialize))]
struct Mark {
    at: i64,
}

fn main() {}
