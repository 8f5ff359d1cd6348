//! `#[qapi]` without words.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Info {
    #[qapi]
    id: String,
}

fn main() {}
