//! A name that is kept for the generator.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    q_unix: String,
}

fn main() {}
